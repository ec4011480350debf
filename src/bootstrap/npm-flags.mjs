/**
 * Notices flags that npm took for itself: `npm start --plain` instead of `npm start -- --plain`.
 *
 * npm passes every flag that it was given as an environment variable, also those that it does not know.
 */

/** Flags of our own that npm does not know. */
const ours = [
  ...["plain", "board", "data", "settings", "simulated-to-cloud", "csv", "watch", "monitoring", "hours"],
  ...["every", "fault", "list", "print", "pause", "scene", "limit", "follow"],
];
/** npm knows these too, and a person may have set them for npm. */
const shared = ["offline", "json"];

/** @param {string} flag */
const variableOf = (flag) => `npm_config_${flag.replaceAll("-", "_")}`;

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {readonly string[]} argv what arrived
 * @param {boolean} onTerminal a person reads the output
 * @returns {{ refusal?: string, warnings: string[] }} why not to start, and what to print
 */
export function swallowedFlags(env, argv, onTerminal) {
  if (env["npm_lifecycle_event"] !== "start") return { warnings: [] };
  /** @param {string} flag */
  const taken = (flag) =>
    Boolean(env[variableOf(flag)]) && !argv.some((word) => word.startsWith(`--${flag}`));
  const lost = ours.filter(taken);
  const advice = (/** @type {string} */ flag) => `put two dashes before it: npm start -- … --${flag}`;
  const [first] = lost;
  const warnings = shared.filter(taken).map((flag) => `npm took --${flag} for itself; ${advice(flag)}`);
  const wantsData = argv.some((word) => ["--json", "--csv", "jsonl", "csv"].includes(word));
  if (wantsData && !onTerminal && env["npm_config_loglevel"] !== "silent")
    warnings.push(
      "npm prints two lines of its own first; for a program that reads the output: npm -s start -- …",
    );
  return first === undefined
    ? { warnings }
    : { refusal: `npm took --${first} for itself; ${advice(first)}`, warnings };
}
