/** The paths of updates. Every start of the guardian loads this file, so it imports as little as possible. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export const slotsFolder = (dataPath: string): string => join(dataPath, "slots");

/** File with a person's request; removed once it was read. */
export const requestFile = (dataPath: string): string => join(slotsFolder(dataPath), "request.json");

/**
 * The trusted keys are beside the program of the installation, which only root can write and no update
 * replaces, so an image cannot add a key.
 */
export const keysFolder = (installation: string): string => join(installation, "keys");

/** Whether a start must choose a program. */
export const hasSlots = (dataPath: string): boolean => existsSync(slotsFolder(dataPath));
