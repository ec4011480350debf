/** Converts a command of the cloud to a request to the core. */
import { read } from "../../base/schema/schema.ts";
import { oneOf } from "../../base/schema/values.ts";
import type { Request } from "../../control/input.ts";
import { type CommandName, type CommandParameter, presets } from "../../model/cloud-model.ts";

/** @param parameter valid for the command */
export function requestOf(
  name: Exclude<CommandName, "restart" | "sendLogs" | "checkForUpdate">,
  parameter: CommandParameter | undefined,
): Request {
  const source = "cloud";
  switch (name) {
    case "boost":
      return { kind: "boost", minutes: Number(parameter), source };
    case "preset":
      return { kind: "preset", preset: read(oneOf(presets), parameter) ?? "none", source };
    case "identify":
      return { kind: "identify", seconds: Number(parameter), source };
    case "clearFault":
      return { kind: "clear-faults", source };
    case "forgetRoom":
      return { kind: "forget-room", source };
  }
}
