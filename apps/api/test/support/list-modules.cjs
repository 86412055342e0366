// Loaded before a server (NODE_OPTIONS): writes down, at its end, which CommonJS modules it has loaded.
const { writeFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

if (isMainThread) {
  process.on('exit', () => writeFileSync(process.env.MODULE_LIST, JSON.stringify(Object.keys(require.cache))));
}
