// The newest Node for ARMv7 on npm lacks this function of Node 20.16. Loaded before the program, and by its threads.
process.getBuiltinModule ??= (name) => require(name);
