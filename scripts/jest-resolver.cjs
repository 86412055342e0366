// The source imports './x.js', as Node's own module rules want it; under Jest, which runs the source, that file is './x.ts'.
module.exports = function resolve(request, options) {
  const isOurs = /^\.{1,2}\/.*\.js$/.test(request) && !options.basedir.includes('node_modules');
  if (!isOurs) return options.defaultResolver(request, options);
  try {
    return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
  } catch {
    return options.defaultResolver(request, options); // a file that is JavaScript in the source, too
  }
};
