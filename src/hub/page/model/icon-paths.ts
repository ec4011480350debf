/** SVG paths of the icons, on a 24 × 24 grid. Data only, so that the model can use the names without a DOM. */
export const iconPaths = {
  temperature: "M10 13.6V5.5a2 2 0 1 1 4 0v8.1a4 4 0 1 1-4 0zM12 9v8",
  humidity: "M12 3.5s6 6.3 6 10.5a6 6 0 0 1-12 0c0-4.2 6-10.5 6-10.5zM9.5 14.5a2.6 2.6 0 0 0 2.5 2.5",
  target: "M12 4v3M12 17v3M4 12h3M17 12h3M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z",
  heater:
    "M12.5 3.5c.5 3.4 5 5 5 9.9a5.5 5.5 0 0 1-11 0c0-2.1 1.1-3.6 2.4-5 .1 1.5.7 2.5 1.6 3-.3-3.1.3-5.9 2-7.9z",
  mode: "M5 8h8M17 8h2M5 16h2M11 16h8M15 6v4M9 14v4",
  firmware: "M8 8h8v8H8zM10 4v4M14 4v4M10 16v4M14 16v4M4 10h4M4 14h4M16 10h4M16 14h4",
  fault: "M12 4.5 20.5 19h-17zM12 10v4M12 16.5v.2",
  link: "M4.5 10.5a11 11 0 0 1 15 0M7.5 13.8a6.6 6.6 0 0 1 9 0M10.5 17a2.2 2.2 0 0 1 3 0",
  cloud: "M7.5 18h9.3a3.7 3.7 0 0 0 .6-7.350A5.5 5.5 0 0 0 6.9 9.6 4.25 4.25 0 0 0 7.5 18z",
  device: "M6 4.5h12v15H6zM9 8h6v4H9zM9 16h.2M12 16h.2M15 16h.2",
  hub: "M4.5 6h15v5h-15zM4.5 13h15v5h-15zM8 8.5h.2M8 15.5h.2",
  plug: "M9 3.5v5M15 3.5v5M6.5 8.5h11v3a5.5 5.5 0 0 1-11 0zM12 17v3.5",
  unplugged:
    "M4 4l16 16M9 3.5v2M15 3.5v5M10 8.5h7.5v3c0 .8-.2 1.6-.5 2.3M6.5 8.5v3a5.5 5.5 0 0 0 7 5.3M12 17v3.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.3l2.8 1.7",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  versus: "M4 8h12l-3.5-3.5M20 16H8l3.5 3.5",
  edit: "M5 19l1-4L15.5 5.5l3 3L9 18zM13.5 7.5l3 3",
  command: "M6 7l5 5-5 5M13 17h6",
  queue: "M5 6h14M5 11h14M5 16h8M17 14.5v5M14.5 17h5",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  boost: "M13 3.5 6 13.5h5l-1 7 7-10h-5z",
  identify:
    "M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.5 1.5M16.9 16.9l1.5 1.5M18.4 5.6l-1.5 1.5M7.1 16.9l-1.5 1.5",
  restart: "M19 12a7 7 0 1 1-2.3-5.2M19.5 4v4h-4",
  key: "M8 11a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10.5 12l8-7.5M15.5 7.5l2.5 2.5",
} as const;

export type IconName = keyof typeof iconPaths;
