/**
 * Loaded before the built firmware (node --import): a folder stands for the parts of a Raspberry Pi that it looks at.
 * Only tests know of it: nothing in the firmware leads anywhere but to /sys, /proc, /dev and /run/lock.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const root = process.env["FAKE_PI"] ?? "";
const places = ["/sys/class/gpio", "/proc/device-tree", "/dev/i2c-1", "/run/lock"];

/** @param {unknown} path */
const redirected = (path) =>
  typeof path === "string" && places.some((place) => path.startsWith(place)) ? `${root}${path}` : path;

const functions = /** @type {Record<string, (...words: unknown[]) => unknown>} */ (
  /** @type {unknown} */ (fs)
);
for (const name of ["openSync", "existsSync", "readdirSync", "readFileSync", "accessSync", "statSync"]) {
  const genuine = functions[name];
  functions[name] = (path, ...more) => genuine?.(redirected(path), ...more);
}
syncBuiltinESMExports();
