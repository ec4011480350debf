/**
 * A program of an installation of its own, with keys that it trusts, and signed images of the same program with changes: what
 * an owner has, in a folder that goes with the test.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot as root } from "../../../src/firmware/process/package-root.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { publish } from "../../../src/update/feed/publish.ts";
import type { ImageManifest } from "../../../src/update/image/image-manifest.ts";
import { newKeyPair, readSigningKey } from "../../../src/update/image/keys.ts";
import { systemSlotFiles } from "../../../src/update/slots/slot-files.ts";
import { packStaged } from "../../update/staged-image.ts";

const owner = newKeyPair();

export interface ImageChanges {
  /** Text of its dist/loop.js; what the program has when not given. */
  readonly loop?: string;
  /** Put before that. */
  readonly prelude?: string;
  readonly manifest?: Partial<ImageManifest>;
  /** Signed with another key than the trusted one. */
  readonly stranger?: boolean;
}

export class StagedProgram {
  readonly folder = mkdtempSync(join(tmpdir(), "grove-heater-staged-"));
  readonly root = join(this.folder, "program");
  readonly main = join(this.root, "dist", "main.js");

  constructor() {
    for (const name of ["dist", "boards", "manifest", "package.json"]) {
      cpSync(join(root, name), join(this.root, name), {
        recursive: true,
        filter: (path) => extname(path) !== ".map" && !path.endsWith("dist/page"),
      });
    }
    mkdirSync(join(this.root, "keys"));
    writeFileSync(join(this.root, "keys", "owner.pub"), owner.publicPem);
  }

  /** @returns the signed image's file, of release 0.<counter>.0 */
  async image(
    counter: number,
    { loop, prelude = "", manifest = {}, stranger }: ImageChanges = {},
  ): Promise<string> {
    const program = mkdtempSync(join(this.folder, "image-"));
    const version = `0.${counter}.0`;
    const dist = join(program, "dist");
    mkdirSync(dist);
    for (const name of ["johnny-five.js", "faces.js", "updater.js", "worker-gate.cjs", "native"])
      cpSync(join(this.root, "dist", name), join(dist, name), { recursive: true });
    for (const name of ["boards", "manifest"])
      cpSync(join(this.root, name), join(program, name), { recursive: true });
    writeFileSync(
      join(dist, "loop.js"),
      loop ?? prelude + readFileSync(join(this.root, "dist", "loop.js"), "utf8"),
    );
    const { privatePem } = stranger ? newKeyPair() : owner;
    return await packStaged(program, { version, counter, ...manifest }, privatePem);
  }

  /** Publishes an image in the owner's feed. @returns its address */
  async publish(image: string): Promise<string> {
    const folder = join(this.folder, "feed");
    await publish(
      { folder, key: readSigningKey(owner.privatePem), group: "home", image, expiresInDays: 30, from: [] },
      { files: systemSlotFiles(systemClock), wallMs: systemClock.wallNow(), print() {} },
    );
    return `${pathToFileURL(folder).href}/`;
  }

  run(data: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
    const env = { ...process.env, STATE_DIRECTORY: data };
    const { status, stdout, stderr } = spawnSync(process.execPath, [this.main, ...args, "--data", data], {
      encoding: "utf8",
      env,
    });
    return { code: status, stdout, stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
