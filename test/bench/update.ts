/**
 * An update of this program on this disk: its size, and the time that it takes as ratios to copying the same files.
 *
 * In the checkout's own folder and not in the system's temporary one, which may be in memory.
 */
import { execFileSync } from "node:child_process";
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createFile } from "../../src/base/files/atomic-file.ts";
import { guardianProtocol } from "../../src/firmware/process/messages.ts";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { stageProgram } from "../../src/firmware/service/program-files.ts";
import { machineOf } from "../../src/firmware/update/install-update.ts";
import { readTrustedKeys } from "../../src/firmware/update/trusted-keys.ts";
import { imageInFile } from "../../src/update/delta/base-image.ts";
import type { BaseImage } from "../../src/update/delta/delta-format.ts";
import { makeDelta } from "../../src/update/delta/make-delta.ts";
import { canUseDictionary } from "../../src/update/delta/zstd.ts";
import { Downloader } from "../../src/update/download/download.ts";
import { systemDownloadFiles } from "../../src/update/download/download-files.ts";
import { maxImageBytes } from "../../src/update/image/image-manifest.ts";
import { readImage, verifyOnly } from "../../src/update/image/image-reader.ts";
import type { TrustedKey } from "../../src/update/image/keys.ts";
import { systemSlotFiles } from "../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../src/update/slots/slot-store.ts";
import { confirmed, onTrial } from "../../src/update/slots/slots.ts";
import { noProxy } from "../../src/update/transport/proxy.ts";
import { systemTransport } from "../../src/update/transport/transport.ts";
import { type Figure, median } from "./figures.ts";

const mib = 2 ** 20;

/** @param whole the program with its packages; else without, which is a tenth of it */
export async function updateFigures(rounds: number, whole: boolean): Promise<Figure[]> {
  const cache = join(packageRoot, ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "bench-update-"));
  try {
    const release = makeReleases(folder, whole);
    return [
      {
        name: "update: image",
        value: statSync(release.images[0]).size / mib,
        unit: "MiB",
        note: whole ? "program and packages" : "the program alone",
      },
      ...(await timeFigures(folder, release, rounds)),
      await deltaFigure(folder, release),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Releases {
  /** What the first image was made of. */
  readonly program: string;
  /** Of a release, and of the one after it: a line more in one file. */
  readonly images: readonly [string, string];
  readonly trusted: readonly TrustedKey[];
}

function makeReleases(folder: string, whole: boolean): Releases {
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): void =>
    void execFileSync(process.execPath, [join(packageRoot, "dist", "main.js"), "image", ...args]);
  mkdirSync(at("keys"));
  run("keys", at("keys/bench"));
  stageProgram(packageRoot, at("program"));
  if (!whole) rmSync(at("program/node_modules"), { recursive: true });
  const image = (counter: number): string => {
    const [plain, signed] = [at(`${counter}.plain`), at(`${counter}.image`)];
    run("build", "--from", at("program"), "--counter", `${counter}`, "--time", "1790000000", "--out", plain);
    run("sign", plain, "--key", at("keys/bench.key"), "--out", signed);
    rmSync(plain);
    return signed;
  };
  const first = image(1);
  const main = at("program/dist/main.js");
  const before = readFileSync(main);
  writeFileSync(main, Buffer.concat([before, Buffer.from('\nconsole.debug("a patch");\n')]));
  const second = image(2);
  writeFileSync(main, before);
  return { program: at("program"), images: [first, second], trusted: readTrustedKeys(at("keys")).keys };
}

/** Each round copies first and installs then, so that whatever else the disk does falls on both. */
async function timeFigures(
  folder: string,
  { program, images: [image], trusted }: Releases,
  rounds: number,
): Promise<Figure[]> {
  const install: number[] = [];
  const verify: number[] = [];
  const copies: number[] = [];
  const written: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [copy, data] = [join(folder, `copy-${round}`), join(folder, `unit-${round}`)];
    const copied = await msOf(async () => {
      execFileSync("cp", ["-r", program, copy]);
      execFileSync("sync", ["-f", copy]);
    });
    const before = bytesWritten();
    const unit = new UpdatedUnit(data, trusted);
    const path = await unit.download(image);
    install.push((await msOf(() => unit.install(path))) / copied);
    written.push(bytesWritten() - before);
    verify.push((await msOf(() => unit.verify())) / copied);
    copies.push(copied);
    for (const made of [copy, data]) rmSync(made, { recursive: true });
  }
  const note = `${rounds} rounds, medians; cp -r and sync ${median(copies).toFixed(0)} ms`;
  return [
    { name: "update: install / copy of the same files", value: median(install), unit: "×", limit: 3, note },
    { name: "update: verify / copy of the same files", value: median(verify), unit: "×" },
    {
      name: "update: written for one update",
      value: median(written) / mib,
      unit: "MiB",
      note: "download and installation; 0 on a disk in memory",
    },
  ];
}

/** What a unit does with an image, but for the restarts. */
class UpdatedUnit {
  readonly #data: string;
  readonly #trusted: readonly TrustedKey[];
  readonly #store: SlotStore;

  constructor(data: string, trusted: readonly TrustedKey[]) {
    this.#data = data;
    this.#trusted = trusted;
    this.#store = new SlotStore(systemSlotFiles(systemClock), join(data, "slots"));
  }

  async download(image: string): Promise<string> {
    const downloader = new Downloader({
      files: systemDownloadFiles(systemClock),
      transport: systemTransport({ proxy: noProxy, refusal: () => undefined }),
      clock: systemClock,
      folder: join(this.#data, "download"),
      reserve: async () => {},
      maxBytes: maxImageBytes,
    });
    const location = { url: pathToFileURL(image).href, headers: {}, size: statSync(image).size };
    return (await downloader.fetch(location, { signal: new AbortController().signal })).path;
  }

  async install(path: string): Promise<void> {
    const machine = machineOf(this.#data, [guardianProtocol]);
    const { slot } = await this.#store.install(createReadStream(path), this.#trusted, machine);
    await this.#store.change((state) => onTrial(state, slot));
    await this.#store.change(confirmed);
  }

  async verify(): Promise<void> {
    await this.#store.verify("a", this.#trusted);
  }
}

async function deltaFigure(folder: string, { images, trusted }: Releases): Promise<Figure> {
  const name = "update: delta of a patch release / image";
  const unit = "%";
  if (!(await canUseDictionary()))
    return { name, value: 100, unit, note: "not on this Node: the whole image" };
  const to = await createFile(join(folder, "delta"), 0o644);
  const [from, image] = await Promise.all(images.map((path) => baseOf(path, trusted)));
  if (from === undefined || image === undefined) throw new Error("there are two releases");
  const { size } = await makeDelta(from, image, to);
  await to.close();
  const whole = statSync(images[1]).size;
  return { name, value: (100 * size) / whole, unit, note: `${size} of ${whole} bytes` };
}

const baseOf = async (path: string, trusted: readonly TrustedKey[]): Promise<BaseImage> =>
  imageInFile(path, await readImage({ source: createReadStream(path), trusted, sink: verifyOnly }));

async function msOf(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** By this process, to any disk (proc_pid_io(5)). */
const bytesWritten = (): number =>
  Number(/^write_bytes: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
