/** johnny-five's types know the package as a whole only; johnny-five.ts says what it uses of each module. */
declare module "johnny-five/lib/*.js" {
  const component: unknown;
  export default component;
}
