/** Finds out from the system's groups why this user cannot use a device file. */
import type { Machine } from "../machine.ts";

/** How this user gets the rights of `group`; each case has its own remedy. */
export function joinRemedy({ read, user }: Machine, group: string): string {
  const entry = read("/etc/group")
    ?.split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === group);
  if (entry === undefined) {
    return (
      `There is no group "${group}" here: install the udev rules of Raspberry Pi OS (package raspberrypi-sys-mods), ` +
      "or install the firmware as a service, which creates it (grove-heater service --help)."
    );
  }
  const [, , gid, members = ""] = entry;
  const listed = members.split(",").includes(user.name);
  if (user.gids.includes(Number(gid))) {
    return `${user.name} is already in the group ${group}: restart the computer, so that udev sets the file's group.`;
  }
  if (listed) return `${user.name} joined the group ${group} after this login: log out and in again.`;
  return `sudo usermod -aG ${group} ${user.name}, then log out and in again.`;
}
