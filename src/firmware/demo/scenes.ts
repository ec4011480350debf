/**
 * The scenes of the demonstration: the reconciliation rules in order, each starting from the state after the last.
 *
 * Guarantee: every rule of the twin (RR-1 to RR-9) has a scene; RR-4 has one for each policy.
 */

import { seconds } from "../../base/units.ts";
import { deviceInformation, writableNames } from "../../model/cloud-model.ts";
import type { ReadOnlyName } from "../../model/properties.ts";
import { decides, propertyIn, reports, type Scene } from "./scene.ts";

const target = "targetTemperature";
const quiet = seconds(1);
/** The others are null on a factory-new device or depend on its machine, and a twin stores no null. */
const ownNames = [
  "firmwareVersion",
  "board",
  "startedAt",
  "faults",
  "sealed",
  "relayCycles",
  "heaterHours",
  "telemetryDropped",
] satisfies readonly ReadOnlyName[];

export const scenes: readonly Scene[] = [
  {
    rule: "RR-1",
    title: "The first connection reports everything, once",
    properties: writableNames,
    async play(stage, say) {
      say("The device, factory-new, finds its hub through DPS and gets its twin");
      await stage.until("the first report", () => stage.settled);
    },
    claims: [
      {
        words: "every property is reported, the device's own ones and DeviceInformation too",
        holds: ({ stage }) =>
          [...writableNames, ...ownNames, deviceInformation.name].every((name) =>
            Object.hasOwn(stage.reported.properties, name),
          ),
      },
      {
        words: "all writable properties were in the first report",
        holds: ({ now, before }) =>
          now.properties.every(({ reportedIn }) => reportedIn === before.reportedVersion + 1),
      },
      reports(target, 19, 203, "none"),
    ],
  },
  {
    rule: "RR-2",
    title: "Only the cloud changes: the device follows and acknowledges",
    properties: [target],
    async play(stage, say) {
      say("The operator sets 21 °C");
      await stage.edit({ [target]: 21 });
    },
    claims: [reports(target, 21, 200, "desired"), decides("RR-2", target, { won: "cloud: 21" })],
  },
  {
    rule: "RR-3",
    title: "Only the device changes: it keeps its value and reports it",
    properties: [target],
    async play(stage, say) {
      say("Somebody presses button B: half a degree more");
      await stage.press("b", target);
    },
    claims: [
      reports(target, 21.5, 203, "none"),
      {
        words: "the desired document still has 21, without any conflict",
        holds: ({ now, before }) =>
          propertyIn(now, target)?.desired === 21 && now.desiredVersion === before.desiredVersion,
      },
    ],
  },
  {
    rule: "RR-4",
    title: "Both change while offline: the cloud wins, and the superseded value is named",
    properties: [target],
    async play(stage, say) {
      say("The cable is unplugged (RST)");
      await stage.pullCable();
      say("Somebody presses B twice (22.5 °C), the operator sets 18 °C; neither knows of the other");
      await stage.press("b", target);
      await stage.press("b", target);
      await stage.edit({ [target]: 18 });
      say("The cable is back");
      await stage.plugCable();
    },
    claims: [
      reports(target, 18, 200, "desired"),
      decides("RR-4", target, { won: "cloud: 18", lost: "device: 22.5" }),
    ],
  },
  {
    rule: "RR-4",
    title: "Both change while offline, where the policy says that the device wins",
    properties: ["controlMode"],
    async prepare(stage) {
      await stage.press("mode", "controlMode");
    },
    async play(stage, say) {
      say("The mode is manual, set at the device; the cable is unplugged");
      await stage.pullCable();
      say("Somebody presses the mode button (auto), the operator sets manual");
      await stage.press("mode", "controlMode");
      await stage.edit({ controlMode: "manual" });
      say("The cable is back");
      await stage.plugCable();
    },
    claims: [
      reports("controlMode", "auto", 203, "desired"),
      decides("RR-4", "controlMode", { won: "device: auto", lost: "cloud: manual" }),
    ],
  },
  {
    rule: "RR-5",
    title: "The operator sets the same value again after the device had changed it",
    properties: [target],
    async prepare(stage) {
      // The same value again counts for every property changed on the device: reset the mode first.
      await stage.edit({ controlMode: null });
      await stage.press("b", target);
    },
    async play(stage, say) {
      say("The device changed from 18 to 18.5 °C and has reported it; the cable is unplugged");
      await stage.pullCable();
      say("The operator sets 18 °C again: only the version changes");
      await stage.edit({ [target]: 18 });
      say("The cable is back");
      await stage.plugCable();
    },
    claims: [
      reports(target, 18, 200, "desired"),
      decides("RR-5", target, { won: "cloud: 18", lost: "device: 18.5" }),
    ],
  },
  {
    rule: "RR-6",
    title: "An invalid value is refused with the reason; the rest of the patch is applied",
    properties: [target, "telemetryInterval"],
    async play(stage, say) {
      say("The operator sets 99 °C and a telemetry interval of 30 s in one patch");
      await stage.edit({ [target]: 99, telemetryInterval: 30 });
    },
    claims: [
      reports(target, 18, 400, "desired"),
      reports("telemetryInterval", 30, 200, "desired"),
      decides("RR-6", target, { won: "cloud: 18" }),
    ],
  },
  {
    rule: "RR-7",
    title: "The cloud deletes its value: the default is in force again",
    properties: [target],
    async play(stage, say) {
      say("The operator deletes the desired set-point (null)");
      await stage.edit({ [target]: null });
    },
    claims: [reports(target, 19, 200, "desired"), decides("RR-7", target, { won: "default: 19" })],
  },
  {
    rule: "RR-8",
    title: "At rest nothing changes, and a repeated message changes nothing",
    properties: writableNames,
    async play(stage, say) {
      say("Nobody touches anything for a second; the hub sends its last patch once more; another second");
      await stage.clock.sleep(quiet);
      stage.sendAgain();
      await stage.clock.sleep(quiet);
    },
    claims: [
      {
        words: "reported equals what is in force",
        holds: ({ stage }) => stage.settled,
      },
      {
        words: "no version has moved, nothing was reported again, nothing was decided",
        holds: ({ before, now, decisions }) =>
          decisions.length === 0 &&
          now.desiredVersion === before.desiredVersion &&
          now.properties.every(({ name, reportedIn }) => reportedIn === propertyIn(before, name)?.reportedIn),
      },
    ],
  },
  {
    rule: "RR-9",
    title: "A power cut neither loses a press nor brings an old desired value back",
    properties: [target],
    async prepare(stage) {
      await stage.edit({ [target]: 22 });
    },
    async play(stage, say) {
      say("The cable is unplugged; somebody presses B (22.5 °C), shown and stored, and the power is cut");
      await stage.pullCable();
      await stage.press("b", target);
      await stage.shown();
      await stage.cutPower();
      say("Power and cable are back; the desired document still says 22");
      await stage.restorePower();
      await stage.plugCable();
    },
    claims: [
      reports(target, 22.5, 203, "none"),
      decides("RR-3", target, { won: "device: 22.5" }),
      {
        words: "the desired document is unchanged, and was not applied again",
        holds: ({ now, before }) =>
          propertyIn(now, target)?.desired === 22 && now.desiredVersion === before.desiredVersion,
      },
    ],
  },
];
