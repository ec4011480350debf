/** johnny-five has types only for the whole package; johnny-five.ts declares the parts of each module in use. */
declare module "johnny-five/lib/*.js" {
  const component: unknown;
  export default component;
}
