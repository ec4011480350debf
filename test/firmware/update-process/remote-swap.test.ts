import { describe, expect, it } from "vitest";
import type { UpdaterToLoop } from "../../../src/firmware/update-process/messages.ts";
import { RemoteSwap } from "../../../src/firmware/update-process/remote-swap.ts";
import { noSlots, type SlotImage } from "../../../src/update/slots/slots.ts";

const image = (digest: string): SlotImage => ({ digest, version: "0.2.0", counter: 2 });
const installed = image("d2");

function rig() {
  const sent: UpdaterToLoop[] = [];
  const slots = { ...noSlots, slots: { a: image("d1"), b: installed } };
  return {
    sent,
    swap: new RemoteSwap(
      (message) => void sent.push(message),
      () => slots,
    ),
  };
}

describe("the swap that the loop allows", () => {
  it("offers an installed image once, and waits for the loop's word", () => {
    const { sent, swap } = rig();
    expect(swap.blockedBy(false, installed)).toMatchObject({ reason: "the control loop decides when" });
    swap.blockedBy(false, installed);
    expect(sent).toEqual([{ kind: "offer", slot: "b", digest: "d2", when: "when-convenient" }]);
  });

  it("offers it again when it has become urgent, and when it is another image", () => {
    const { sent, swap } = rig();
    swap.blockedBy(false, installed);
    swap.blockedBy(true, installed);
    swap.blockedBy(true, image("d1"));
    expect(sent.slice(1)).toEqual([
      { kind: "offer", slot: "b", digest: "d2", when: "now" },
      { kind: "offer", slot: "a", digest: "d1", when: "now" },
    ]);
  });

  it("waits for as long and for the reason that the loop says, and then asks for the start", async () => {
    const { sent, swap } = rig();
    swap.blockedBy(false, installed);
    swap.decided({ kind: "may-start", digest: "d2", waitsFor: "the heater is on" });
    expect(swap.blockedBy(false, installed)).toMatchObject({ reason: "the heater is on" });
    swap.decided({ kind: "may-start", digest: "d2", waitsFor: undefined });
    expect(swap.blockedBy(false, installed)).toBeUndefined();
    await swap.start(installed);
    expect(sent.at(-1)).toEqual({ kind: "start", digest: "d2" });
  });

  it("takes a word on another image, or on an earlier urgency, for none", () => {
    const { swap } = rig();
    swap.blockedBy(false, installed);
    swap.decided({ kind: "may-start", digest: "d1", waitsFor: undefined });
    expect(swap.blockedBy(false, installed)).toBeDefined();
    swap.decided({ kind: "may-start", digest: "d2", waitsFor: undefined });
    expect(swap.blockedBy(true, installed)).toBeDefined();
  });
});
