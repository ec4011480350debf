/**
 * `feed publish | show`: manages a feed: a folder from which field units take their updates.
 *
 * Guarantee: a unit that reads the folder meanwhile finds the previous or the new channel; the private key must be
 * readable by its owner only, and is never printed.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { lockOpenFile } from "../../base/files/file-lock.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { isoTime } from "../../base/iso-time.ts";
import { loadManifestWithoutHat } from "../../firmware/load-manifest.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { checkConnection } from "../../manifest/gate.ts";
import { defaultMinimumRate } from "../../update/download/download.ts";
import {
  type Channel,
  channelFile,
  maxChannelBytes,
  nameRule,
  readChannel,
} from "../../update/feed/channel.ts";
import { hashOf, PublishError, publish } from "../../update/feed/publish.ts";
import { defaultStopAt } from "../../update/feed/rollout.ts";
import { KeyError, readPublicKey, readSigningKey, type TrustedKey } from "../../update/image/keys.ts";
import { ImageRefused } from "../../update/image/refusal.ts";
import { systemSlotFiles } from "../../update/slots/slot-files.ts";
import { DownloadError } from "../../update/transport/download-error.ts";
import { proxyOfEnvironment } from "../../update/transport/proxy.ts";
import { fetchSmall } from "../../update/transport/small-document.ts";
import { systemTransport } from "../../update/transport/transport.ts";
import { wholeNumber } from "../line/context.ts";
import { readKeyFile, readPrivateKeyFile } from "../line/key-file.ts";
import { print } from "../line/print.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "feed",
  summary: "Publish firmware images in a folder that units take their updates from",
  usage: "feed publish --folder FOLDER --key FILE [--group NAME [--image FILE]] | show FOLDER --key FILE",
  subverbs: "any",
  wordHints: ["publish", "show"],
  flags: {
    folder: { value: "FOLDER", doc: "publish: the folder that the web server or the USB stick provides" },
    key: { value: "FILE", doc: "publish: the private key; show: a public key that units trust" },
    "old-key": { value: "FILE", doc: "the previous public key, while units change to the new one" },
    group: { value: "NAME", doc: "publish: the group of units that the image is for" },
    image: { value: "FILE", doc: "publish: a signed image (default: the one that the group has)" },
    percent: {
      value: "N",
      doc: "publish: share of the group's units, 0 to 100; 0 stops the roll-out (default: unchanged, or 100)",
    },
    "stop-at": {
      value: "N",
      doc: `publish: a hub stops the roll-out at this percentage of failures (default: unchanged, or ${defaultStopAt})`,
    },
    from: {
      value: "FILE",
      several: true,
      doc: "publish: an older image that units run: makes a delta from it",
    },
    expires: { value: "DAYS", doc: "publish: after so many days units treat it as outdated (default: 90)" },
    channel: {
      value: "NAME",
      doc: "publish: a channel of several (default: the folder's, otherwise default)",
    },
    json: sharedFlags.json,
  },
  notes: `
publish copies the image into the folder and signs a new version of the channel file, which names the image of each
group. With a --group alone it changes the percentage, with neither it only renews the expiry. A unit has a fixed
place in its group: a higher percentage adds units and takes none away. A hub that offers the folder sees what its
units report: it holds an image back once too many reverted or refused it, until a person resumes it on the page or
another image is published. Files that the channel no longer names may be removed by hand.
show verifies the channel, and every file of it in a folder; of a web server (https://…) the channel alone.
Exit code 1 when show finds the channel expired or a file missing or wrong, 69 when a server cannot be reached, 75 when
another publish is running, 78 when channel, image or key is refused.`,
  async run(args) {
    const [what, subject, more] = args.words;
    if (more !== undefined) throw usage(`feed ${what} takes one argument, not also "${more}".`);
    try {
      if (what === "publish" && subject === undefined) return await publishInto(args);
      if (what === "show") return await show(args, needed(subject, "the feed's folder or address"));
    } catch (error) {
      throw asStartupError(error);
    }
    if (what === "publish") throw usage(`feed publish takes no argument, got "${subject}".`);
    throw usage(what === undefined ? "No subcommand given." : `Unknown: feed ${what}.`);
  },
};

async function publishInto(args: Arguments): Promise<number> {
  const folder = needed(args.value("folder"), "--folder FOLDER");
  const keyFile = needed(args.value("key"), "--key FILE");
  const group = named(args, "group");
  const image = args.value("image");
  const from = args.values("from");
  const percent =
    args.value("percent") === undefined
      ? undefined
      : wholeNumber(args, "percent", { least: 0, most: 100 }, 100);
  const stopAt =
    args.value("stop-at") === undefined
      ? undefined
      : wholeNumber(args, "stop-at", { least: 1, most: 100 }, defaultStopAt);
  if (group === undefined && (image ?? percent ?? stopAt) !== undefined)
    throw usage("Missing: --group NAME.");
  if (image === undefined && from.length > 0)
    throw usage("Missing: --image FILE, the image that the delta makes.");
  for (const file of image === undefined ? [] : [image, ...from]) checkRegular(file);
  await systemSlotFiles(systemClock).makeFolder(folder);
  const release = lockFolder(folder);
  try {
    const channel = await publish(
      {
        folder,
        key: readSigningKey(readPrivateKeyFile(keyFile)),
        oldKey: oldKey(args),
        channel: named(args, "channel"),
        group,
        image,
        percent,
        stopAt,
        expiresInDays: wholeNumber(args, "expires", { least: 1, most: 3650 }, 90),
        from,
      },
      {
        files: systemSlotFiles(systemClock),
        wallMs: systemClock.wallNow(),
        print: (text) => void process.stderr.write(`${text}\n`),
      },
    );
    return print(args.has("json") ? JSON.stringify(channel, null, 2) : channelText(channel));
  } finally {
    release();
  }
}

async function show(args: Arguments, place: string): Promise<number> {
  const key = readPublicKey(readKeyFile(needed(args.value("key"), "--key FILE")));
  const trusted = [key, oldKey(args)].filter((each) => each !== undefined);
  const isWeb = /^https?:\/\//.test(place);
  const { channel } = isWeb ? await fetchChannel(place, trusted) : channelIn(place, trusted);
  const findings = isWeb ? [] : await wrongFiles(place, channel);
  if (systemClock.wallNow() >= channel.expiresAt * 1000) findings.push("it has expired: publish it again");
  if (args.has("json")) print(JSON.stringify({ ...channel, findings }, null, 2));
  else print([channelText(channel), ...findings.map((finding) => `wrong: ${finding}`)].join("\n"));
  return findings.length === 0 ? exitCodes.ok : exitCodes.findings;
}

function channelIn(folder: string, trusted: readonly TrustedKey[]) {
  const path = resolve(folder, channelFile);
  const bytes = systemSlotFiles(systemClock).read(path, maxChannelBytes);
  if (bytes !== undefined) return readChannel(bytes, trusted);
  throw new StartupError(
    exitCodes.configuration,
    `There is no ${path}.`,
    "Publish one: grove-heater feed publish",
  );
}

async function fetchChannel(place: string, trusted: readonly TrustedKey[]) {
  const manifest = loadManifestWithoutHat();
  const transport = systemTransport({
    proxy: proxyOfEnvironment(process.env),
    refusal: (host) => checkConnection(manifest, host),
  });
  const url = new URL(channelFile, place.endsWith("/") ? place : `${place}/`).href;
  const { signal } = new AbortController();
  const bytes = await fetchSmall(url, maxChannelBytes, {
    transport,
    clock: systemClock,
    rate: defaultMinimumRate,
    signal,
  });
  return readChannel(bytes, trusted);
}

/** Checks every file that the channel names. */
async function wrongFiles(folder: string, { groups }: Channel): Promise<string[]> {
  const wrong = new Map<string, string>();
  for (const { image } of Object.values(groups)) {
    for (const { file, size, sha256 } of [image, ...image.deltas]) {
      const path = resolve(folder, file);
      const found = statSync(path, { throwIfNoEntry: false });
      if (!found?.isFile()) wrong.set(file, `${file} is missing`);
      else if (found.size !== size || (await hashOf(systemSlotFiles(systemClock).chunks(path))) !== sha256)
        wrong.set(file, `${file} differs from the file that the channel names`);
    }
  }
  return [...wrong.values()];
}

function channelText({ channel, version, signedAt, expiresAt, keyId, groups }: Channel): string {
  const day = (seconds: number): string => isoTime(seconds * 1000).slice(0, 10);
  const rows = Object.entries(groups).map(([name, { image, percent, stopAt = defaultStopAt }]) => {
    const deltas = image.deltas.map(({ size }) => `${size} bytes`).join(", ");
    const by = deltas === "" ? "" : `, deltas: ${deltas}`;
    return `${name.padEnd(13)} ${image.version}, counter ${image.counter}, ${percent} % of the units, stops at ${stopAt} % failures, ${image.size} bytes${by}`;
  });
  const head = `channel       ${channel}, version ${version}, signed ${day(signedAt)} with key ${keyId}, expires ${day(expiresAt)}`;
  return [head, ...rows].join("\n");
}

function oldKey(args: Arguments): TrustedKey | undefined {
  const file = args.value("old-key");
  return file === undefined ? undefined : readPublicKey(readKeyFile(file));
}

function named(args: Arguments, flag: string): string | undefined {
  const name = args.value(flag);
  if (name === undefined || nameRule.pattern.test(name)) return name;
  throw usage(`invalid --${flag}: ${name} (${nameRule.expected})`);
}

/** Opening a FIFO would block. @throws StartupError, the system's error */
function checkRegular(file: string): void {
  if (statSync(file).isFile()) return;
  throw new StartupError(exitCodes.configuration, `${file} is not a regular file.`, "Name an image file.");
}

/** @returns the function that releases it; on systems without file locks it does nothing. */
function lockFolder(folder: string): () => void {
  const open = openSync(folder, "r");
  if (lockOpenFile(open) !== "busy") return () => closeSync(open);
  closeSync(open);
  throw new StartupError(
    exitCodes.running,
    `Another feed publish is running in ${folder}.`,
    "Wait for it and try again.",
  );
}

function needed(value: string | undefined, what: string): string {
  if (value !== undefined) return value;
  throw usage(`Missing: ${what}.`);
}

const usage = (message: string): StartupError =>
  new StartupError(exitCodes.usage, message, "More: grove-heater feed --help");

function asStartupError(error: unknown): unknown {
  const as = (
    code: (typeof exitCodes)[keyof typeof exitCodes],
    message: string,
    remedy: string,
  ): StartupError => new StartupError(code, message, remedy, { cause: error });
  if (error instanceof ImageRefused) {
    const remedy =
      error.code === "unknown-key"
        ? "Name the key that it was signed with; after a change of keys, the previous one with --old-key."
        : "Sign and publish it again.";
    return as(exitCodes.configuration, `Refused (${error.code}): ${error.message}.`, remedy);
  }
  if (error instanceof KeyError)
    return as(
      exitCodes.configuration,
      `The key file ${error.message}.`,
      "Make a pair: grove-heater image keys NAME",
    );
  if (error instanceof PublishError)
    return as(
      exitCodes.configuration,
      `Not published: ${error.message}.`,
      "Nothing has changed for any unit.",
    );
  if (error instanceof SmallFileError)
    return as(exitCodes.configuration, `${error.message}.`, "Give a regular file.");
  if (error instanceof DownloadError) {
    const code = error.code === "not-granted" ? exitCodes.permission : exitCodes.unavailable;
    return as(
      code,
      `The channel was not downloaded (${error.code}): ${error.message}.`,
      "Check the address and the network.",
    );
  }
  if (error instanceof RangeError)
    return as(exitCodes.configuration, `${error.message}.`, "Correct the setting.");
  const errno = errnoOf(error) ?? "";
  if (["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "EEXIST", "EPERM"].includes(errno))
    return as(exitCodes.configuration, `${messageOf(error)}.`, "Check the name of the file or folder.");
  if (["ENOSPC", "EIO", "EROFS", "EDQUOT"].includes(errno))
    return as(
      exitCodes.storage,
      `${messageOf(error)}.`,
      "The previous channel stays in force: free some space and try again.",
    );
  return error;
}
