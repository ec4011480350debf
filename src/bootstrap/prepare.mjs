/**
 * Prepares a checkout: installs the packages when they are missing or outdated, builds the native ones once
 * for this Node.js, and builds dist/ when a source file changed.
 *
 * Guarantee: plain JavaScript with Node's own modules only, so it runs on a fresh clone; it reports its
 * progress on standard error; with nothing to do it takes a few milliseconds; if a native package cannot be
 * built, the firmware starts without that hardware.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The packages do not support an older Node.js. */
const minimumNode = [20, 19];
/** The packages with C++ code; they only work on Linux. */
const nativePackages = ["i2c-bus", "epoll"];
const nativeStamp = join(root, "node_modules", ".grove-heater-native.json");
const buildStamp = join(root, "dist", ".build-stamp");

/** @param {string} text */
export const say = (text) => process.stderr.write(`grove-heater: ${text}\n`);

/** @param {string} text @param {number} code @returns {never} */
export function giveUp(text, code = 1) {
  say(text);
  process.exit(code);
}

/**
 * @param {"run" | "all"} scope `run`: what the firmware needs; `all`: also what tests and tools need
 */
export async function prepare(scope) {
  checkNode();
  await installIfNeeded(scope);
  buildNativeIfNeeded();
  await buildIfStale();
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [minimumMajor = 0, minimumMinor = 0] = minimumNode;
  if (major > minimumMajor || (major === minimumMajor && minor >= minimumMinor)) return;
  giveUp(
    `Node.js ${process.versions.node} is too old: at least ${minimumNode.join(".")} is needed, 24 is recommended.`,
  );
}

/** @param {string} file @returns {Record<string, {version?: string, dev?: boolean, optional?: boolean, devOptional?: boolean}>} */
function lockedPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
}

/**
 * Compares the lockfile with npm's record of what it installed; optional packages may be missing.
 * @param {"run" | "all"} scope
 */
function isInstalled(scope) {
  const installedLock = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedLock)) return false;
  const wanted = lockedPackages(join(root, "package-lock.json"));
  const present = lockedPackages(installedLock);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || entry.optional || entry.devOptional || (entry.dev && scope === "run")) return true;
    return present[path]?.version === entry.version;
  });
}

/** @param {string[]} args @returns {[command: string, args: string[]]} */
function npmCommand(args) {
  const npmScript = process.env["npm_execpath"];
  return npmScript?.endsWith("js") ? [process.execPath, [npmScript, ...args]] : ["npm", args];
}

const npmEnvironment = () => ({ ...process.env, npm_config_loglevel: "error", ...localHeaders() });

/** @param {string[]} args */
function npm(args) {
  const [command, rest] = npmCommand(args);
  return spawnSync(command, rest, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    env: npmEnvironment(),
  });
}

/**
 * Runs npm, whose output goes to standard error, because standard output belongs to the firmware. Ctrl-C ends npm, which
 * is waited for.
 * @param {string[]} args @returns {Promise<{status: number | null, interrupted: boolean}>}
 */
function npmInForeground(args) {
  const [command, rest] = npmCommand(args);
  const child = spawn(command, rest, { cwd: root, stdio: ["ignore", 2, 2], env: npmEnvironment() });
  let interrupted = false;
  // A terminal sends the signal to npm as well; another sender may not.
  const interrupt = () => {
    interrupted = true;
    child.kill("SIGTERM");
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, interrupt);
  return new Promise((resolve) => {
    /** @param {number | null} status */
    const ended = (status) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, interrupt);
      resolve({ status, interrupted });
    };
    child.on("error", () => ended(null));
    child.on("close", (status) => ended(status));
  });
}

const registryPatienceMs = 12_000;

/**
 * npm itself tries for minutes before it says anything. Says so where the registry does not answer; behind a proxy, which
 * this would not use, npm alone knows.
 * @param {AbortSignal} signal
 */
async function watchRegistry(signal) {
  const { env } = process;
  const proxy = ["npm_config_proxy", "npm_config_https_proxy", "https_proxy", "HTTPS_PROXY", "http_proxy"];
  if (proxy.some((name) => env[name])) return;
  // npm's own answer, which also knows the files of its configuration.
  const registry = env["npm_config_registry"] ?? npm(["config", "get", "registry"]).stdout?.trim();
  if (!registry || !URL.canParse(registry)) return;
  const limit = AbortSignal.timeout(registryPatienceMs);
  try {
    const answer = await fetch(registry, { method: "HEAD", signal: AbortSignal.any([signal, limit]) });
    await answer.body?.cancel();
  } catch (error) {
    if (signal.aborted) return;
    const cause = limit.aborted ? "no answer" : causeOf(error);
    say(
      `the package registry ${new URL(registry).host} cannot be reached (${cause}); npm goes on trying. Ctrl-C ends it.`,
    );
  }
}

/** @param {unknown} error fetch puts the reason into its cause */
function causeOf(error) {
  const { cause } = /** @type {{ cause?: { code?: string } }} */ (error);
  return cause?.code ?? String(error);
}

/** Makes node-gyp use the headers beside this Node.js, so that it downloads nothing. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include", "node", "node.h")) ? { npm_config_nodedir: prefix } : {};
}

/** @param {"run" | "all"} scope */
async function installIfNeeded(scope) {
  if (isInstalled(scope)) return;
  say(`installing packages (once${scope === "all" ? ", with the test tools" : ""}; about a minute)…`);
  // Without install scripts: the native packages are built below, where a failure does not stop the start.
  const omit = scope === "run" ? ["--omit=dev"] : [];
  const done = new AbortController();
  void watchRegistry(done.signal);
  const { status, interrupted } = await npmInForeground([
    ...["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    ...omit,
  ]);
  done.abort();
  if (interrupted) giveUp("the installation was interrupted; the next start begins it again.", 130);
  if (status !== 0) {
    giveUp("npm ci failed, see above. Check the connection to the package registry, then run this again.");
  }
}

function buildNativeIfNeeded() {
  if (process.platform !== "linux") return;
  const wanted = { abi: process.versions.modules, arch: process.arch };
  const known = existsSync(nativeStamp) ? JSON.parse(readFileSync(nativeStamp, "utf8")) : {};
  if (known.abi === wanted.abi && known.arch === wanted.arch) return;
  if (!nativePackages.every((name) => existsSync(join(root, "node_modules", name)))) return;
  say(`building ${nativePackages.join(" and ")} for Node.js ${process.versions.node} (once)…`);
  const { status, stderr } = npm(["rebuild", ...nativePackages, "--foreground-scripts"]);
  const ok = status === 0;
  if (!ok) {
    const cause =
      (stderr ?? "").split("\n").find((line) => /error|not found|ERR!/i.test(line)) ?? "no compiler?";
    say(`could not build them (${cause.trim().slice(0, 160)}).`);
    say("continuing without GPIO and I²C hardware. To use it: sudo apt-get install build-essential python3,");
    say(`delete ${nativeStamp.slice(root.length)} and start again.`);
  }
  writeFileSync(nativeStamp, JSON.stringify({ ...wanted, ok }));
}

/** @param {string} folder @returns {string[]} */
function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** A text that changes whenever a source file is edited, added, removed or checked out again. */
function sourceState() {
  const files = [
    join(root, "package.json"),
    join(root, "package-lock.json"),
    ...filesUnder(join(root, "src")),
  ];
  return files
    .map((file) => {
      const { mtimeMs, size } = statSync(file);
      return `${file.slice(root.length)} ${mtimeMs} ${size}`;
    })
    .join("\n");
}

export async function buildIfStale() {
  const state = sourceState();
  if (existsSync(buildStamp) && readFileSync(buildStamp, "utf8") === state) return;
  say("building…");
  const { build } = await import("./build.mjs");
  try {
    await build();
  } catch {
    // esbuild has printed each error with its file and line.
    giveUp("the build failed, see above.");
  }
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, state);
}
