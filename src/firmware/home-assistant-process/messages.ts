/** The messages between the loop and the process of Home Assistant: those of every face process. */
import { byKind } from "../../base/schema/structures.ts";
import { source } from "../../home-assistant/documents/commands.ts";
import { requestsBy } from "../remote-device/in-force-message.ts";
import { fromFace, toFace } from "../remote-device/messages.ts";

export const loopToHomeAssistant = byKind("kind", toFace);
/** The process may send requests in its own name only. */
export const homeAssistantToLoop = byKind("kind", fromFace(requestsBy([source])));
