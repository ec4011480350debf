/**
 * Folder owner/: verbs for the computer of the owner of several units.
 *
 * `image keys | build | sign | verify | show`: makes and checks firmware images, on the computer of
 * the units' owner.
 *
 * Guarantee: no existing file is overwritten; a private key is readable by its owner only, and never printed.
 */
import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { isoTime } from "../../base/iso-time.ts";
import { stateVersions } from "../../control/durable.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { guardianProtocol } from "../../firmware/process/messages.ts";
import { firmwareVersion, packageRoot } from "../../firmware/process/package-root.ts";
import { stageProgram } from "../../firmware/service/program-files.ts";
import { describeFolder, type ImageFacts, nodeRange, writeImage } from "../../update/image/build-image.ts";
import { type ImageManifest, product } from "../../update/image/image-manifest.ts";
import { readImage, type VerifiedImage, verifyOnly } from "../../update/image/image-reader.ts";
import { KeyError, newKeyPair, readPublicKey, readSigningKey } from "../../update/image/keys.ts";
import { ImageRefused } from "../../update/image/refusal.ts";
import { signImage } from "../../update/image/sign-image.ts";
import { readKeyFile, readPrivateKeyFile } from "../line/key-file.ts";
import { print } from "../line/print.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "image",
  summary: "Make, sign and verify firmware images, on the owner's computer",
  usage: "image keys NAME | build --counter N --out FILE | sign FILE | verify FILE | show FILE",
  subverbs: "any",
  wordHints: ["keys", "build", "sign", "verify", "show"],
  flags: {
    from: {
      value: "FOLDER",
      doc: "build: folder of the program (dist, boards, manifest, node_modules); default: this one",
    },
    counter: { value: "N", doc: "build: rises with every release; a device accepts no lower one" },
    release: { value: "VERSION", doc: "build: the release, such as 1.4.0 (default: that of the program)" },
    time: {
      value: "SECONDS",
      doc: "build: time stamp (default: $SOURCE_DATE_EPOCH, otherwise the last commit's time)",
    },
    key: { value: "FILE", doc: "sign: the private key; verify: a public key that is trusted" },
    "second-key": { value: "FILE", doc: "verify: another public key that is trusted" },
    out: { value: "FILE", doc: "build, sign: the new file" },
    json: sharedFlags.json,
  },
  notes: `
keys NAME writes NAME.key (keep it off the devices, and a copy of it in a safe place) and NAME.pub.
build writes an unsigned image of this program with the packages that it needs. With native packages among them it is only
for machines and a Node.js like these. sign signs it, which may happen on another computer; verify checks whether a device
that trusts the key would accept it. The same folder and time stamp give the same image to the byte.
Exit code 78 when an image or a key is refused, with the code and the reason.`,
  async run(args) {
    const [what, subject, more] = args.words;
    const action = what === undefined ? undefined : actions[what];
    if (action === undefined)
      throw usage(what === undefined ? "No subcommand given." : `Unknown: image ${what}.`);
    if (more !== undefined) throw usage(`image ${what} takes one argument, not also "${more}".`);
    try {
      return await action(args, subject);
    } catch (error) {
      throw asStartupError(error);
    }
  },
};

const actions: Readonly<
  Record<string, (args: Arguments, subject: string | undefined) => Promise<number> | number>
> = {
  keys: (_, name) => makeKeys(needed(name, "the name of the key files")),
  build,
  sign: (args, file) => signFile(args, imageFile(file)),
  verify: (args, file) => verify(args, imageFile(file)),
  show: (args, file) => show(args, imageFile(file)),
};

function makeKeys(name: string): number {
  const { privatePem, publicPem, id } = newKeyPair();
  writeFileSync(`${name}.key`, privatePem, { flag: "wx", mode: 0o600 });
  writeFileSync(`${name}.pub`, publicPem, { flag: "wx", mode: 0o644 });
  return print(
    `key ${id}\n${name}.key  signs images: keep it here, with a copy in a safe place, and never on a device\n` +
      `${name}.pub  goes onto the devices`,
  );
}

async function build(args: Arguments): Promise<number> {
  const out = needed(args.value("out"), "--out FILE");
  const counter = wholeNumber(needed(args.value("counter"), "--counter N"), "--counter");
  const builtAt = timeStamp(args);
  const staging = mkdtempSync(join(tmpdir(), "grove-heater-image-"));
  try {
    const from = args.value("from") ?? join(staging, "program");
    if (args.value("from") === undefined) stageProgram(packageRoot, from);
    const facts: ImageFacts = {
      product,
      version: args.value("release") ?? versionIn(from),
      counter,
      builtAt,
      node: nodeRange(process.versions.node),
      native: nativeOf(from),
      state: stateVersions,
      protocol: guardianProtocol,
    };
    // The key's id is set when it is signed.
    const manifest = await describeFolder(from, facts, "0".repeat(16));
    await writeImage(from, manifest, out);
    return print(
      `${out}: ${summary(manifest)}, not signed. Next: grove-heater image sign ${out} --key … --out …`,
    );
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Of the program in a folder. @throws StartupError */
function versionIn(folder: string): string {
  try {
    return firmwareVersion(folder);
  } catch (cause) {
    throw new StartupError(
      exitCodes.configuration,
      `${join(folder, "package.json")} does not contain the program's version.`,
      "Name it with --release VERSION.",
      { cause },
    );
  }
}

/** Native packages fit this machine and this Node.js, for which they were built. */
function nativeOf(folder: string): ImageFacts["native"] {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  if (!entries.some((name) => name.endsWith(".node"))) return null;
  const architecture = (["arm", "arm64", "x64"] as const).find((known) => known === process.arch);
  if (process.platform !== "linux" || architecture === undefined) {
    throw usage(
      `The native packages here are for ${process.platform} ${process.arch}: build it on a Raspberry Pi.`,
    );
  }
  return { platform: "linux", architecture, abi: Number(process.versions.modules) };
}

/** Seconds since 1970 (reproducible-builds.org, SOURCE_DATE_EPOCH). */
function timeStamp(args: Arguments): number {
  const given = args.value("time") ?? process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined) return wholeNumber(given, "--time");
  try {
    const options = { encoding: "utf8", timeout: 10_000, stdio: "pipe" } as const;
    return Number(execFileSync("git", ["log", "-1", "--format=%ct"], options).trim());
  } catch {
    throw usage("There is no commit for the time stamp: give --time SECONDS.");
  }
}

async function signFile(args: Arguments, file: string): Promise<number> {
  const keyFile = needed(args.value("key"), "--key FILE");
  const key = readSigningKey(readPrivateKeyFile(keyFile));
  const out = needed(args.value("out"), "--out FILE");
  const manifest = await signImage(file, out, key);
  return print(`${out}: ${summary(manifest)}, signed with key ${key.id}`);
}

/** Opening a FIFO would block. @throws StartupError, the system's error */
function imageFile(name: string | undefined): string {
  const file = needed(name, "the image");
  if (statSync(file).isFile()) return file;
  throw new StartupError(exitCodes.configuration, `${file} is not a regular file.`, "Name an image file.");
}

async function verify(args: Arguments, file: string): Promise<number> {
  const files = [needed(args.value("key"), "--key FILE"), args.value("second-key")];
  const trusted = files.filter((name) => name !== undefined).map((name) => readPublicKey(readKeyFile(name)));
  const image = await readImage({ source: createReadStream(file), trusted, sink: verifyOnly });
  return report(args, file, image, `signed with key ${image.manifest.keyId}, every file as signed`);
}

async function show(args: Arguments, file: string): Promise<number> {
  const image = await readImage({ source: createReadStream(file), trusted: "any", sink: verifyOnly });
  return report(args, file, image, "its signature was not checked: grove-heater image verify does");
}

function report(args: Arguments, file: string, { manifest, digest }: VerifiedImage, verdict: string): number {
  const { files, ...facts } = manifest;
  if (args.has("json")) return print(JSON.stringify({ ...facts, digest, files: files.length }, null, 2));
  const { native } = manifest;
  const rows = {
    image: file,
    release: `${manifest.version}, counter ${manifest.counter}`,
    built: isoTime(manifest.builtAt * 1000),
    "for Node.js": `${manifest.node.min} up to, not including, ${manifest.node.below}`,
    "for machines":
      native === null ? "any" : `${native.platform} ${native.architecture}, ABI ${native.abi ?? "any"}`,
    content: `${files.length} files, ${manifest.totalBytes} bytes`,
    digest,
    verdict,
  };
  return print(
    Object.entries(rows)
      .map(([name, value]) => `${name.padEnd(13)} ${value}`)
      .join("\n"),
  );
}

const summary = ({ version, counter, files, totalBytes }: ImageManifest): string =>
  `release ${version}, counter ${counter}, ${files.length} files, ${totalBytes} bytes`;

function wholeNumber(text: string, flag: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw usage(`invalid ${flag}: ${text} (a whole number)`);
}

function needed(value: string | undefined, what: string): string {
  if (value !== undefined) return value;
  throw usage(`Missing: ${what}.`);
}

const usage = (message: string): StartupError =>
  new StartupError(exitCodes.usage, message, "More: grove-heater image --help");

function asStartupError(error: unknown): unknown {
  if (error instanceof ImageRefused) {
    return new StartupError(
      exitCodes.configuration,
      `Refused (${error.code}): ${error.message}.`,
      "The image is not usable.",
    );
  }
  if (error instanceof KeyError) {
    return new StartupError(
      exitCodes.configuration,
      `The key file ${error.message}.`,
      "Make a pair: grove-heater image keys NAME",
    );
  }
  if (error instanceof SmallFileError) {
    return new StartupError(exitCodes.configuration, `${error.message}.`, "Give a regular file.");
  }
  switch (errnoOf(error)) {
    case "EEXIST":
      return new StartupError(
        exitCodes.storage,
        `${messageOf(error)}.`,
        "Nothing is overwritten: give another name.",
      );
    case "ENOENT":
    case "EACCES":
    case "EISDIR":
    case "ENOTDIR":
      return new StartupError(exitCodes.configuration, `${messageOf(error)}.`, "Check the file's name.");
    default:
      return error;
  }
}
