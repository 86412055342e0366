// The kernel gives process 1 of a container no default action: what it does not listen to, it survives. So that
// `docker stop` and Ctrl-C end every command at any time, a signal that nobody else listens to ends the process as elsewhere.
const { constants } = require('node:os');

if (process.pid === 1) {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}
