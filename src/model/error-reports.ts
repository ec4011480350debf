/** What error reports are about: of the firmware as it keeps them, and of the telemetry that tells of them. */
export const reportKinds = ["crash", "unclean-end", "guardian", "fault"] as const;
