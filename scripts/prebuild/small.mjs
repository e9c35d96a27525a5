/**
 * What keeps the binaries small. Sections of their own, so that the linker can leave out what nobody calls. Of functions
 * only those that are small themselves are compiled into their callers, and loops are not unrolled: clang's own measures
 * make code a third larger.
 */
export const SMALL = ['-ffunction-sections', '-mllvm', '-inline-threshold=20', '-fno-unroll-loops'];

/** Where nothing but exceptions needs tables to unwind by: everywhere but on Windows. */
export const WITHOUT_UNWINDING = ['-fno-unwind-tables', '-fno-asynchronous-unwind-tables'];

/** What stands in for parts of Zig's C++ library, see there, and how it is compiled. */
export const RUNTIME = 'scripts/prebuild/cxx_runtime.cc';
export const RUNTIME_FLAGS = ['-fvisibility-global-new-delete=force-hidden'];
