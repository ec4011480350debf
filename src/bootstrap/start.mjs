/** `npm start`: makes the checkout ready, then becomes the firmware; arguments after `--` are the firmware's. */
import { prepare } from "./prepare.mjs";

await prepare("run");
await import(new URL("../../dist/main.js", import.meta.url).href);
