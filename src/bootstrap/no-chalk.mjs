/** Replaces the package `chalk` in the bundle (see build.mjs): prints johnny-five's texts without colours. */
const plain = (/** @type {unknown} */ text) => String(text);

export { plain as cyan, plain as green, plain as grey, plain as magenta, plain as red, plain as yellow };
