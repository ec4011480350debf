/** Documents that outlive damage to the files they are in. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DamagedDocument, type Documents, openDocuments } from "../../../src/hub/storage/documents.ts";
import { temporaryFolder } from "../running-hub.ts";

const whole = (document: unknown): unknown => document;
const positive = (document: unknown): number | undefined =>
  typeof document === "number" && document > 0 ? document : undefined;

async function opened(folder: string): Promise<Documents & { damaged: DamagedDocument[] }> {
  const damaged: DamagedDocument[] = [];
  const documents = await openDocuments(folder, { onDamaged: (each) => damaged.push(each) });
  return Object.assign(documents, { damaged });
}

const countOf = async (folder: string, text: string) =>
  (await readdir(folder)).filter((name) => name.includes(text)).length;

describe("a stored document", () => {
  it("is the one written before when the newest was damaged, and has two generations again then", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    // Several writes: the older generation is to be the last but one, not the first.
    for (const each of [8, 9, 1, 2]) await documents.write("a", each);
    expect((await readdir(folder)).sort()).toEqual(["a.json", "a.json.previous"]);
    const path = join(folder, "a.json");
    const stored = await readFile(path);
    stored.writeUInt8(stored.readUInt8(0) ^ 1, 0);
    await writeFile(path, stored);
    expect(await documents.read("a", whole)).toBe(1);
    expect(documents.damaged).toEqual([
      { name: "a", problem: "does not match its checksum", keptAs: `${path}.unreadable-1`, recovered: true },
    ]);
    await rm(path);
    expect(await documents.read("a", whole)).toBe(1);
  });

  it("is on the disk once all is settled, whoever waits for its write", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    for (const name of ["a", "b"]) for (const each of [1, 2, 3]) void documents.write(name, each);
    await documents.settled();
    const again = await opened(folder);
    expect([await again.read("a", whole), await again.read("b", whole)]).toEqual([3, 3]);
  });

  it("has two generations from the first write on, each in blocks of its own", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    await documents.write("a", 1);
    const path = join(folder, "a.json");
    expect((await stat(path)).ino).not.toBe((await stat(`${path}.previous`)).ino);
    await writeFile(path, "");
    expect(await documents.read("a", whole)).toBe(1);
  });

  it("gets its older generation back when that was damaged, or was never there", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    await documents.write("a", 1);
    const path = join(folder, "a.json");
    for (const damage of [() => writeFile(`${path}.previous`, "x"), () => rm(`${path}.previous`)]) {
      await damage();
      expect(await documents.read("a", whole)).toBe(1);
      await writeFile(path, "x");
      expect(await documents.read("a", whole)).toBe(1);
    }
  });

  it("counts without a checksum, as older versions and people write it, and is given one", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.json");
    await writeFile(path, '{ "by": "hand" }\n');
    const documents = await opened(folder);
    expect(await documents.read("a", whole)).toEqual({ by: "hand" });
    expect(await readFile(path, "utf8")).toMatch(/sha256 [0-9a-f]{64}\n$/);
    expect(documents.damaged).toEqual([]);
  });

  it("falls back also where it is JSON, but no document of its kind", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    await documents.write("a", 7);
    await writeFile(join(folder, "a.json"), "-7");
    expect(await documents.read("a", positive)).toBe(7);
  });

  it("begins again when both generations are damaged", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    await documents.write("a", 1);
    for (const name of ["a.json", "a.json.previous"]) await writeFile(join(folder, name), "x");
    expect(await documents.read("a", whole)).toBeUndefined();
    expect(documents.damaged).toMatchObject([{ name: "a", recovered: false }]);
    await documents.write("a", 3);
    expect(await documents.read("a", whole)).toBe(3);
  });

  const fifo = async (path: string) => void execFileSync("mkfifo", [path]);
  const huge = async (path: string) => {
    await writeFile(path, "");
    await truncate(path, 10 * 2 ** 30);
  };
  const folderWithContent = async (path: string) => {
    await mkdir(path);
    await writeFile(join(path, "of somebody"), "");
  };
  it.each([
    ["a FIFO", fifo],
    ["10 GB", huge],
    ["a folder", folderWithContent],
  ])("is served and written with %s in the place of every one of its files", async (_what, put) => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    const path = join(folder, "a.json");
    for (const place of [path, `${path}.previous`, `${path}.new`, `${path}.previous.new`]) {
      await documents.write("a", 1);
      await rm(place, { force: true });
      await put(place);
      expect(await documents.read("a", whole)).toBe(1);
      await documents.write("a", 2);
      expect(await documents.read("a", whole)).toBe(2);
    }
    for (const place of [path, `${path}.previous`]) {
      await rm(place, { force: true });
      await put(place);
    }
    expect(await documents.read("a", whole)).toBeUndefined();
    await documents.write("a", 3);
    expect(await documents.read("a", whole)).toBe(3);
    // 10 GB that were kept aside would count against the storage for ever.
    for (const name of await readdir(folder)) {
      const found = await stat(join(folder, name));
      if (found.isFile()) expect(found.size).toBeLessThanOrEqual(64 * 1024);
    }
  });

  it("leaves at most eight damaged files of all documents behind", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    for (let n = 0; n < 20; n += 1) {
      await writeFile(join(folder, `a${n}.json`), "x");
      await documents.read(`a${n}`, whole);
    }
    expect(await countOf(folder, ".unreadable")).toBe(8);
  });

  it("is gone for good once removed, with its older generation", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    await documents.write("a", 1);
    await documents.remove("a");
    expect(await documents.read("a", whole)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it("is listed by its name when only the older generation is left, and files of others are not", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    await documents.write("device-ä/b", 1);
    await rm(join(folder, `${encodeURIComponent("device-ä/b")}.json`));
    for (const name of ["%zz.json", "notes.txt", "device-x.json.unreadable-1"])
      await writeFile(join(folder, name), "1");
    expect(await documents.names("")).toEqual(["device-ä/b"]);
  });

  it("may have a name as long as 128 signs that a file name must escape", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    const names = ["%", "#"].map((sign) => `device-${sign.repeat(128)}`);
    for (const name of names) await documents.write(name, name);
    const listed = await documents.names("device-");
    expect(listed).toHaveLength(2);
    const read = await Promise.all(listed.map((name) => documents.read(name, whole)));
    expect(read.sort()).toEqual([...names].sort());
    expect(await documents.read(names[0] ?? "", whole)).toBe(names[0]);
  });

  it("is not laid aside because it may not be read: that is for a person to put right", async () => {
    const folder = await temporaryFolder();
    const documents = await opened(folder);
    await documents.write("a", 1);
    const path = join(folder, "a.json");
    await chmod(path, 0);
    if (process.getuid?.() !== 0) {
      await expect(documents.read("a", whole)).rejects.toMatchObject({ code: "EACCES" });
    }
    expect(await countOf(folder, ".unreadable")).toBe(0);
  });

  it("is not written where the storage that it needs is refused, and stays as it was", async () => {
    const folder = await temporaryFolder();
    let room = 100;
    const reserve = async (bytes: number) => {
      room -= bytes;
      if (room < 0) throw Object.assign(new Error("full"), { code: "EPERM" });
    };
    const documents = await openDocuments(folder, { reserve });
    await documents.write("a", "x".repeat(50));
    await expect(documents.write("a", "y".repeat(50))).rejects.toMatchObject({ code: "EPERM" });
    expect(await documents.read("a", whole)).toBe("x".repeat(50));
  });
});
