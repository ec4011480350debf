/** Connects a command with the running device of its data folder. */
import { existsSync } from "node:fs";
import { LocalClient } from "../../firmware/local-socket/local-client.ts";
import { socketFileIn } from "../../firmware/local-socket/socket-file.ts";
import { readContext } from "./context.ts";
import { otherDataFolder } from "./service-data.ts";
import type { Arguments } from "./verb.ts";

/**
 * The device of the user's data folder; if none was started there and no folder is named, that of the
 * installed service.
 * @throws StartupError when it does not run, or belongs to another user
 */
export async function withDevice<T>(
  args: Arguments,
  action: (device: LocalClient) => Promise<T>,
): Promise<T> {
  const { data } = readContext(args);
  const service = existsSync(socketFileIn(data.path)) ? undefined : otherDataFolder(args, data.path);
  const device = await LocalClient.connect(service ?? data.path);
  try {
    return await action(device);
  } finally {
    device.close();
  }
}
