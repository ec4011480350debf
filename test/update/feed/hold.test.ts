/** What a unit makes of the word of its feed's server on what it holds back. */
import { describe, expect, it } from "vitest";
import { holdText } from "../../../src/update/feed/hold.ts";
import { DownloadError } from "../../../src/update/transport/download-error.ts";
import type { Transport } from "../../../src/update/transport/open.ts";
import { channelOf, Folder, imageEntry, Unit } from "./unit.ts";

describe("a unit whose feed holds images back", () => {
  it("is not assigned what the feed's server holds back for its group, and tells why", async () => {
    const folder = new Folder();
    folder.show(channelOf(3));
    const { digest: image } = imageEntry(3);
    const hold = (group: string, digest = image) =>
      folder.files.set(
        "hold",
        Buffer.from(holdText([{ group, image: digest, reason: "2 of 3 units reverted it" }])),
      );
    const result = () => new Unit(folder).source.check(new AbortController().signal);
    hold("home");
    expect(await result()).toEqual({
      assignment: null,
      cancel: null,
      held: { version: "0.3.0", reason: "2 of 3 units reverted it" },
    });
    hold("office");
    expect(await result()).toMatchObject({ assignment: { version: "0.3.0" } });
    hold("home", imageEntry(2).digest);
    expect(await result()).toMatchObject({ assignment: { version: "0.3.0" } });
  });

  it.each([
    ["none", "gone", "0.3.0"],
    ["an answer of 403", "not-allowed", "0.3.0"],
    ["an endless one", "too-large", "0.3.0"],
    ["no answer", "unreachable", "unreachable"],
    ["a request for patience", "too-many-requests", "too-many-requests"],
  ] as const)("with %s in place of the server's word on what it holds: %s → %s", async (_, code, outcome) => {
    const folder = new Folder();
    folder.show(channelOf(3));
    const { open } = folder.transport;
    const transport: Transport = {
      open: async (request) => {
        if (request.url.endsWith("/hold")) throw new DownloadError(code, "as asked");
        return open(request);
      },
    };
    expect(await new Unit(folder, { transport }).outcome()).toBe(outcome);
  });

  it("takes a web page in the place of that word for none", async () => {
    const folder = new Folder();
    folder.show(channelOf(3));
    for (const text of ["<html>not found</html>", '{"holds":[{"group":"home"}]}', "", "null"]) {
      folder.files.set("hold", Buffer.from(text));
      expect(await new Unit(folder).outcome()).toBe("0.3.0");
    }
  });
});
