import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { documents } from "../../src/model/documents.ts";

const folder = new URL("../../manifest/model/", import.meta.url);

describe("the documents in manifest/model", () => {
  it.each([...documents()])("%s is as the tables say: else run `npm run generate`", (name, text) => {
    expect(readFileSync(new URL(name, folder), "utf8")).toBe(text);
  });

  it("are no others than those that are generated", () => {
    expect(readdirSync(folder).toSorted()).toEqual([...documents().keys()].toSorted());
  });
});
