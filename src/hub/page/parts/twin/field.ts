/** What the controls of all writable properties share. */
import type { Json } from "../../../../base/json/value.ts";
import type { WritableName } from "../../../../model/cloud-model.ts";
import type { DeviceDetail } from "../../../page-server/api.ts";
import type { Part } from "../../dom.ts";

/** Merged into the desired document. @returns whether the hub took it */
export type Edit = (properties: Readonly<Record<string, Json>>) => Promise<boolean>;
export interface Field extends Part<DeviceDetail> {
  /** It needs the whole width of the card. */
  readonly isWide?: true;
}

/** The desired value; without one, the reported value. */
export function wanted(detail: DeviceDetail, name: WritableName): Json | undefined {
  const row = detail.properties.find((one) => one.name === name);
  return row?.desired?.value ?? row?.reported?.value;
}
