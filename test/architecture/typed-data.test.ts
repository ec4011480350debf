/** Data between the processes and to the page is typed fields, never sentences or casts. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const src = new URL("../../src/", import.meta.url).pathname;

const filesBelow = (folder: string): string[] =>
  readdirSync(join(src, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));

const textOf = (file: string): string => readFileSync(join(src, file), "utf8");

const listens = /\.on\("message"/;
const readsBySchema = /\bread\b[^;]*from "[./]*base\/schema\/schema\.ts"/;
/** Passes on what it hears to whoever reads it. */
const onlyPassesOn = ["firmware/supervision/spawn-child.ts"];

/** A condition on, or a part taken out of, the words of an event or an acknowledgement. */
const parsesProse =
  /\btext\b\)?\??\.(startsWith|endsWith|includes|indexOf|match|matchAll|search|split|slice|substring)\(|\.(exec|test)\((\w+\.)*text\b|\.text (===|!==) "[^"]/;

it("whoever listens for messages of another process reads them by a schema", () => {
  const listeners = [...filesBelow("firmware"), ...filesBelow("commands")].filter((file) =>
    listens.test(textOf(file)),
  );
  expect(listeners.length).toBeGreaterThan(5);
  const casual = listeners.filter(
    (file) => !onlyPassesOn.includes(file) && !readsBySchema.test(textOf(file)),
  );
  expect(casual).toEqual([]);
});

it("the page and the hub's twin read data from fields, not out of sentences", () => {
  const files = [...filesBelow("hub/page"), ...filesBelow("hub/twin"), ...filesBelow("hub/page-server")];
  expect(files.length).toBeGreaterThan(40);
  const parsing = files.flatMap((file) =>
    textOf(file)
      .split("\n")
      .filter((line) => parsesProse.test(line))
      // To shorten a text for display takes nothing out of it.
      .filter((line) => !line.includes("…") && !line.includes("charAt"))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(parsing).toEqual([]);
});

it("finds a sentence that is parsed", () => {
  for (const line of [
    'const isPull = ({ text }) => text.startsWith("the cable was unplugged");',
    'const own = row.ack.text === "default";',
    "/^set at the device at (.+)$/.exec(ack.text)",
    'ack?.text?.includes("won over")',
  ])
    expect([line, parsesProse.test(line)]).toEqual([line, true]);
});
