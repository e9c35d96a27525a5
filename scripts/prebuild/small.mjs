/**
 * What keeps the binaries small. Sections of their own, so that the linker can leave out what nobody calls. And of
 * functions only those that are small themselves are compiled into their callers: clang's own measure makes code a fifth
 * larger, and it shows in no figure of the benchmarks.
 */
export const SMALL = ['-ffunction-sections', '-mllvm', '-inline-threshold=20'];

/** Where nothing but exceptions needs tables to unwind by: everywhere but on Windows. */
export const WITHOUT_UNWINDING = ['-fno-unwind-tables', '-fno-asynchronous-unwind-tables'];

/** What stands in for parts of Zig's C++ library, see there, and how it is compiled. */
export const RUNTIME = 'scripts/prebuild/cxx_runtime.cc';
export const RUNTIME_FLAGS = ['-fvisibility-global-new-delete=force-hidden'];
