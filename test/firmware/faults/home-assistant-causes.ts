/** What keeps a device from Home Assistant, and needs a person. */
import { minutes } from "../../../src/base/units.ts";
import { faceRig, filesOf, goodFile } from "../../home-assistant/rig.ts";
import { type Cause, display } from "./cause.ts";

export const homeAssistantFails: readonly [Cause, ...Cause[]] = [
  {
    what: "the broker does not accept the password any more",
    within: minutes(1),
    overWithin: minutes(25),
    async prepare() {
      const rig = await faceRig({ start: { display } });
      return {
        rig,
        begin() {
          rig.broker.refuses = "refused";
          rig.broker.cut();
        },
        end() {
          rig.broker.refuses = undefined;
        },
      };
    },
  },
  {
    what: "mqtt.json cannot be read",
    async prepare() {
      const files = filesOf({ "/data/mqtt.json": goodFile.slice(1) });
      const rig = await faceRig({ start: { display }, face: { files } });
      return { rig, begin: () => {}, end: () => {}, restart: () => faceRig({ start: { display } }) };
    },
  },
];
