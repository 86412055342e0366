// Preloaded into a server (NODE_OPTIONS=--require): it takes its container for one with less memory than it has already.
process.constrainedMemory = () => 64 * 1024 * 1024;
