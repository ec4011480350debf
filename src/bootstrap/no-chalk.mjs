/** Stands for the package `chalk` in the bundle: see build.mjs. Every colour that johnny-five asks for is none. */
const plain = (/** @type {unknown} */ text) => String(text);

export { plain as cyan, plain as green, plain as grey, plain as magenta, plain as red, plain as yellow };
