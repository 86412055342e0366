// `node --require <this file> program.ts` runs the source: for tests that need a process of their own to kill.
const { readFileSync, existsSync } = require('node:fs');
const Module = require('node:module');
const { dirname, resolve } = require('node:path');
const { transformSync } = require('@swc/core');

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  const [, library] = /^@app\/([\w-]+)$/.exec(request) ?? [];
  if (library) return resolve(__dirname, '../../libs', library, 'src/index.ts');
  const isOurs = /^\.{1,2}\/.*\.js$/.test(request) && parent?.filename && !parent.filename.includes('node_modules');
  const source = isOurs && resolve(dirname(parent.filename), request.replace(/\.js$/, '.ts'));
  return source && existsSync(source) ? source : resolveFilename.call(this, request, parent, ...rest);
};

Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2024',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  });
  module._compile(code, filename);
};
