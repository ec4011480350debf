/** The errors of GPIO lines, the same for both back ends: a code, the cause and the next step. */
import { errnoOf, messageOf } from "../../base/errors.ts";
import { LineError, type LineErrorCode } from "../../chips/lines.ts";

export const lineName = (line: number): string => `GPIO line ${line}`;
export const joinGroup = "join the gpio group (sudo usermod -aG gpio $USER) and log in again";

/** @throws LineError in place of the system's own errors */
export function guardedLine<T>(line: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof LineError ? error : lineError(line, error);
  }
}

/** @param holder who holds the line, where that is known */
export function lineError(line: number, cause: unknown, holder?: string): LineError {
  const [code, next] = diagnosis(errnoOf(cause), holder);
  return new LineError(code, `${lineName(line)}: ${messageOf(cause)}; ${next}`, { cause });
}

function diagnosis(errno: string | undefined, holder: string | undefined): [LineErrorCode, string] {
  switch (errno) {
    case "EBUSY":
      return [
        "busy",
        holder === undefined
          ? "a driver or another program holds it (sudo cat /sys/kernel/debug/gpio names it): stop it, or remove its overlay"
          : `"${holder}" holds it: stop that program, or remove its overlay from config.txt`,
      ];
    case "EACCES":
    case "EPERM":
      return ["denied", joinGroup];
    case "EINVAL":
    case "ENOENT":
    case "ENODEV":
      return ["absent", "the kernel does not offer this line: check the board definition"];
    default:
      return ["io", "run grove-heater doctor"];
  }
}
