/**
 * How an addon finds Node-API on Windows when no import library of `node.exe` is linked: the functions are in
 * whatever program has loaded it, be it called node.exe or otherwise, and are looked up there as the addon is loaded.
 *
 * The headers are told that the functions come from elsewhere (`dllimport`), so that the compiler calls each by way
 * of the pointer that an import library would have filled.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Flags for every file, and the file that has the pointers. */
export function windowsImports() {
  const { js_native_api_symbols: language, node_api_symbols: node } = require('node-api-headers').symbols.v8;
  const names = [...language, ...node];
  const source = `#include <windows.h>

#include <initializer_list>

extern "C" {
${names.map((name) => `void* __imp_${name};`).join('\n')}
}

namespace {

// For a program that lacks a function: the status napi_generic_failure.
int missing() {
  return 9;
}

void look_up(void*& pointer, const char* name) {
  for (HMODULE module : {GetModuleHandleW(nullptr), GetModuleHandleW(L"libnode.dll"), GetModuleHandleW(L"node.dll")}) {
    if (module == nullptr) continue;
    pointer = reinterpret_cast<void*>(GetProcAddress(module, name));
    if (pointer != nullptr) return;
  }
  pointer = reinterpret_cast<void*>(missing);
}

struct Import {
  void** pointer;
  const char* name;
};

constexpr Import kImports[] = {
${names.map((name) => `  {&__imp_${name}, "${name}"},`).join('\n')}
};

[[gnu::constructor]] void look_up_all() {
  for (const Import& import : kImports) look_up(*import.pointer, import.name);
}

}  // namespace
`;
  return { flags: ['-DNAPI_EXTERN=__declspec(dllimport)'], source };
}
