import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { displayRows } from "../../src/board/screen/displays.ts";
import { displayKindsSource, documents } from "../../src/model/documents.ts";

const folder = new URL("../../manifest/model/", import.meta.url);

it("the names of the displays are those of their table: else run `npm run generate`", () => {
  const file = new URL("../../src/model/displays.ts", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(displayKindsSource(Object.keys(displayRows)));
});

describe("the documents in manifest/model", () => {
  it.each([...documents()])("%s is as the tables say: else run `npm run generate`", (name, text) => {
    expect(readFileSync(new URL(name, folder), "utf8")).toBe(text);
  });

  it("are no others than those that are generated", () => {
    expect(readdirSync(folder).toSorted()).toEqual([...documents().keys()].toSorted());
  });
});
