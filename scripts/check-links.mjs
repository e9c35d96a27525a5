/**
 * Checks the Markdown files: every link to a file leads to a file that exists, every link to a heading
 * to a heading, and every `npm run` script that a page names is one of package.json. Links to other
 * sites are not followed.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const { stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' });
const pages = stdout.split('\n').filter((name) => name && existsSync(join(root, name)));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const problems = [];
let links = 0;

/** Text outside of fenced code. */
function prose(text) {
  return text.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, (block) => block.replace(/[^\n]/g, ''));
}

/** Identifiers of a page's headings, as GitHub makes them. */
function anchors(file) {
  const seen = new Map();
  const found = new Set();
  for (const [, title] of prose(readFileSync(file, 'utf8')).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const slug = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}

for (const page of pages) {
  const file = join(root, page);
  const whole = readFileSync(file, 'utf8');
  const text = prose(whole).replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  const at = (index) => `${page}:${whole.slice(0, index).split('\n').length}`;
  const targets = [
    ...text.matchAll(/\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...text.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/gm),
  ];
  for (const match of targets) {
    const target = match[1];
    links++;
    if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
    const [path, fragment] = target.split('#', 2);
    const goal = path === '' ? file : join(dirname(file), decodeURIComponent(path));
    if (relative(root, goal).startsWith('..'))
      problems.push(`${at(match.index)}: ${target} leads out of the repository`);
    else if (!existsSync(goal)) problems.push(`${at(match.index)}: ${target} does not exist`);
    else if (fragment && statSync(goal).isFile() && goal.endsWith('.md') && !anchors(goal).has(fragment)) {
      problems.push(`${at(match.index)}: ${target}: no such heading`);
    }
  }
  for (const match of whole.matchAll(/\bnpm run ([\w:-]+)/g)) {
    if (scripts[match[1]] === undefined) problems.push(`${at(match.index)}: no script ${match[1]} in package.json`);
  }
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`links: ${pages.length} pages, ${links} links lead somewhere`);
