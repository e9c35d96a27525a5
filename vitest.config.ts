/**
 * One project per engine: every test file runs on each engine that this machine has; `npm test` says if that is the fallback
 * alone. What has to do with processes runs on the native engine a second time, as where these share no memory.
 */
import { existsSync, readdirSync } from 'node:fs';
import { defineConfig, type TestProjectConfiguration, type UserWorkspaceConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const built = new URL('build/Release/heddle.node', import.meta.url);
const prebuilds = new URL('prebuilds/', import.meta.url);
const hasAddon = existsSync(built) || (existsSync(prebuilds) && readdirSync(prebuilds).length > 0);

/** Leaves the package under test, and what tests fork or import beside it, to Node's own loader. */
const external: NonNullable<UserWorkspaceConfig['plugins']>[number] = {
  name: 'heddle-as-users-load-it',
  enforce: 'pre',
  resolveId(id: string) {
    if (id !== 'heddle' && !id.startsWith('heddle/') && !id.startsWith('#dist/')) return null;
    return { id: import.meta.resolve(id), external: true };
  },
};

/** Where processes are in play, and of the contract no more than that. */
const WITH_PROCESSES = [
  'test/processes/**/*.test.ts',
  'test/channels/{pipe-ends,wait-ready}.test.ts',
  'test/shared/**/*.test.ts',
  'test/contract/{barrier,condition,connection,event,far,liveness,lock,mixed,queue,rlock,semaphore}.test.ts',
  'test/contract/process-{executor,pool}.test.ts',
  'test/executors/process-pool-executor.test.ts',
];

interface Variant {
  readonly name: string;
  readonly include?: string[];
  readonly env?: Record<string, string>;
}

function project(engine: 'native' | 'fallback', variant: Variant = { name: engine }): TestProjectConfiguration {
  const { name, include = ['test/**/*.test.ts'], env } = variant;
  return {
    plugins: [external],
    test: {
      name,
      env: { HEDDLE_ENGINE: engine, ...env },
      include,
      exclude: ['test/**/fixtures/**'],
      pool: 'forks',
      // A process each: an isolate of ours that a test leaves behind must not reach the next file.
      isolate: true,
      testTimeout: 30_000,
      hookTimeout: 30_000,
      server: { deps: { external: [/\/dist\//, /\/fixtures\//] } },
    },
  };
}

/** Files that take half a minute and more. */
const LONG = [
  'contract/lifetime',
  'lifecycle/lifecycle',
  'contract/races',
  'processes/process',
  'executors/process-pool-executor',
  'executors/thread-pool-executor',
  'engine/differential',
];

/** Begun last, a long file would run alone at the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(`/test/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    projects: hasAddon
      ? [
          project('native'),
          project('native', {
            name: 'apart',
            include: WITH_PROCESSES,
            env: { HEDDLE_PROCESSES: 'apart', HEDDLE_TEST_REACH: 'process' },
          }),
          project('fallback'),
        ]
      : [project('fallback')],
    sequence: { sequencer: LongFirst },
    maxWorkers: 2,
    maxConcurrency: 2,
  },
});
