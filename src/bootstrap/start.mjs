/**
 * `npm start`: prepares the checkout, then runs the firmware in this process with the arguments after `--`.
 */
import { prepare } from "./prepare.mjs";

await prepare("run");
await import(new URL("../../dist/main.js", import.meta.url).href);
