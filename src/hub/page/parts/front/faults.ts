/** Faults of the virtual hat, for demonstrations: begun one by one, ended together; shown as long as one is simulated. */
import type { PanelView } from "../../../page-server/api.ts";
import type { SimulatedFault } from "../../../page-server/api-settings.ts";
import { h, KeyedList, type Part, setHidden, setText } from "../../dom.ts";
import { icon } from "../../icons.ts";
import { sentence } from "../../model/text/words.ts";

type Simulate = (fault: string, active: boolean) => void;

function makeFault({ name, doc }: SimulatedFault, simulate: Simulate): Part<SimulatedFault> {
  const box = h("input", { type: "checkbox", on: { change: () => simulate(name, box.checked) } });
  return {
    root: h("label", { class: "check", "data-fault": name }, box, sentence(doc)),
    update({ active }) {
      box.checked = active;
    },
  };
}

export function makeFaults(simulate: Simulate): Part<PanelView> {
  let faults: readonly SimulatedFault[] = [];
  const list = h("div", { class: "fault-list" });
  const keyed = new KeyedList<SimulatedFault>(
    list,
    ({ name }) => name,
    (fault) => makeFault(fault, simulate),
  );
  const words = h("span", {});
  const clear = () => {
    for (const { name, active } of faults) if (active) simulate(name, false);
    // The button goes with the faults: the focus stays beside it.
    choose.querySelector("summary")?.focus();
  };
  const alarm = h(
    "div",
    { class: "fault-alarm" },
    h("p", { role: "status" }, icon("fault"), words),
    h("button", { type: "button", class: "small", on: { click: clear } }, "End all faults"),
  );
  const choose = h("details", {}, h("summary", {}, "Simulate a fault"), list);
  const root = h("div", { class: "faults" }, alarm, choose);
  return {
    root,
    update({ room }) {
      faults = room?.faults ?? [];
      setHidden(root, faults.length === 0);
      const active = faults.filter((fault) => fault.active).map(({ doc }) => doc);
      setText(words, active.length === 0 ? "" : `Simulated: ${active.join("; ")}.`);
      setHidden(alarm, active.length === 0);
      keyed.update(faults);
    },
  };
}
