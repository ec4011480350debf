/**
 * `npm start`: prepares the checkout, then runs the firmware in this process with the arguments after `--`.
 */
import { swallowedFlags } from "./npm-flags.mjs";
import { giveUp, prepare, say } from "./prepare.mjs";

const { refusal, warnings } = swallowedFlags(
  process.env,
  process.argv.slice(2),
  process.stdout.isTTY === true,
);
if (refusal !== undefined) giveUp(refusal, 64);
for (const warning of warnings) say(warning);
await prepare("run");
await import(new URL("../../dist/main.js", import.meta.url).href);
