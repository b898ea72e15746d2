import { changes, machineNames, machineOf } from '../state/machines.ts';
import { Observable, useValue } from '../values/observable.ts';

/** The label by whose values the list is grouped; empty for one group. It is kept while other pages are shown. */
export const groupLabel = new Observable('');

type Group = readonly [group: string, names: readonly string[]];

/** Groups names by a label of their machines, those without it last. */
export function groupsOf(names: readonly string[], label: string): Group[] {
  if (label === '') return [['', names]];
  const groups = new Map<string | undefined, string[]>();
  for (const name of names) {
    const labels = labelsOf(name);
    const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
    groups.set(value, [...(groups.get(value) ?? []), name]);
  }
  const without = groups.get(undefined);
  groups.delete(undefined);
  const sorted = [...groups].map(([value, members]): Group => [`${label}=${value ?? ''}`, members]);
  sorted.sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }));
  return without ? [...sorted, [`without ${label}`, without]] : sorted;
}

/** Chooses among the labels that machines have. */
export function GroupBy() {
  const chosen = useValue(groupLabel);
  useValue(changes);
  const labels = (machineNames.value ?? []).flatMap((name) => Object.keys(labelsOf(name)));
  const choices = [...new Set([...labels, ...(chosen === '' ? [] : [chosen])])].sort();
  return (
    <select
      aria-label="Group machines by a label"
      value={chosen}
      onChange={(event) => groupLabel.set(event.currentTarget.value)}
    >
      <option value="">not grouped</option>
      {choices.map((label) => (
        <option key={label} value={label}>
          by {label}
        </option>
      ))}
    </select>
  );
}

function labelsOf(name: string): Readonly<Record<string, string>> {
  const machine = machineOf(name).value;
  return machine && 'spec' in machine ? machine.spec.labels : {};
}
