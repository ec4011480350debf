/** What each of the machines shows; each runs in a virtual machine of its own. */
export const planNames = ["kills", "restarts"] as const;
export type Plan = (typeof planNames)[number];
/** On the kernel's command line, where its name follows. */
export const planParameter = "system_rig.plan=";
