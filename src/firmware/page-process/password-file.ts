/**
 * The page's password: a file in the data folder, 0600, with its scrypt digest but not the password itself.
 *
 * Guarantee: setting the first password never replaces an existing one. A damaged file counts as a password
 * that nothing matches: the page stays closed until `page password` sets a new one.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { errnoOf } from "../../base/errors.ts";
import { createFile, makePrivateFolder, replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import type { Log } from "../../base/log.ts";
import { readText, type Schema } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, secret, string } from "../../base/schema/values.ts";
import { seconds } from "../../base/units.ts";
import type { PagePassword } from "../../hub/page-server/access/password.ts";

interface Stored {
  /** log2 of scrypt's cost; r is 8. */
  readonly cost: number;
  readonly parallel: number;
  readonly salt: string;
  readonly digest: string;
}

/** 16 MiB and some 100 ms on a Pi 3: OWASP's recommendation for little memory. */
const strength = { cost: 14, parallel: 5 };
const base64 = { pattern: /^[A-Za-z0-9+/]{20,100}={0,2}$/, expected: "base64" };
const stored: Schema<Stored> = object({
  cost: integer(10, 16),
  parallel: integer(1, 16),
  salt: string(base64),
  digest: secret(string(base64)),
});
const rereadInterval = seconds(1);
const digestBytes = 32;

export const pageFolder = (dataPath: string): string => join(dataPath, "page");
const fileIn = (dataPath: string): string => join(pageFolder(dataPath), "password.json");

/** Sets the password, whether or not there is one. @throws the system's error */
export async function storePassword(dataPath: string, password: string): Promise<void> {
  const text = await textOf(password);
  await makePrivateFolder(pageFolder(dataPath));
  await replaceFile(fileIn(dataPath), text);
}

export class PasswordFile implements PagePassword {
  readonly #dataPath: string;
  readonly #clock: Pick<Clock, "now">;
  #stored: Stored | "damaged" | undefined;
  #readAt: number | undefined;

  constructor(dataPath: string, clock: Pick<Clock, "now">) {
    this.#dataPath = dataPath;
    this.#clock = clock;
  }

  get edition(): string | undefined {
    const file = this.#read();
    return typeof file === "object" ? file.salt : file;
  }

  async isRight(password: string): Promise<boolean> {
    const file = this.#read();
    if (typeof file !== "object") return false;
    try {
      const salt = Buffer.from(file.salt, "base64");
      const digest = await digestOf(password, salt, file);
      return timingSafeEqual(digest, Buffer.from(file.digest, "base64"));
    } catch {
      return false;
    }
  }

  readonly setFirst = async (password: string): Promise<void> => {
    const text = await textOf(password);
    await makePrivateFolder(pageFolder(this.#dataPath));
    this.#readAt = undefined;
    try {
      const file = await createFile(fileIn(this.#dataPath), 0o600);
      await file.write(text);
      await file.finish();
      await file.close();
    } catch (error) {
      if (errnoOf(error) === "EEXIST") throw new Error("there is a password already", { cause: error });
      throw error;
    } finally {
      this.#readAt = undefined;
    }
  };

  /** Read again after a second, since another process may have set it. */
  #read(): Stored | "damaged" | undefined {
    const now = this.#clock.now();
    if (this.#readAt !== undefined && now - this.#readAt < rereadInterval) return this.#stored;
    this.#readAt = now;
    try {
      const text = readSmallFile(fileIn(this.#dataPath), { limit: 4096 });
      this.#stored = text === undefined ? undefined : (readText(stored, text) ?? "damaged");
    } catch {
      this.#stored = "damaged";
    }
    return this.#stored;
  }
}

/** Warns at the start of a page without a password that other machines cannot use it yet. */
export function warnOfPassword(dataPath: string, clock: Pick<Clock, "now">, log: Log): void {
  if (new PasswordFile(dataPath, clock).edition !== undefined) return;
  log.warn("page-password-unset", {
    now: "other machines are refused",
    remedy: "grove-heater page password, or open the page on this machine",
  });
}

async function textOf(password: string): Promise<string> {
  const salt = randomBytes(16);
  const digest = await digestOf(password, salt, strength);
  const file: Stored = {
    ...strength,
    salt: salt.toString("base64"),
    digest: digest.toString("base64"),
  };
  return `${JSON.stringify(file)}\n`;
}

function digestOf(
  password: string,
  salt: Buffer,
  { cost, parallel }: Pick<Stored, "cost" | "parallel">,
): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** cost, r: 8, p: parallel, maxmem: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, digestBytes, options, (error, digest) => {
      if (error === null) resolve(digest);
      else reject(error);
    });
  });
}
