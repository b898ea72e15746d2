import { describe, expect, it } from 'vitest';
import {
  type Lineage,
  UNKNOWN_LINEAGE,
  continued,
  ofExisting,
  removed,
  taken,
} from '../../../../src/machines/record/snapshot-lineage.ts';

/** The parents by name, with a star before the current snapshot. */
function tree({ snapshots, current }: Lineage): string {
  return snapshots
    .map(({ name, parent = '-' }) => `${name === current ? '*' : ''}${name}<${parent}`)
    .join(' ');
}

const two = taken(taken(UNKNOWN_LINEAGE, 'a'), 'b');

describe('the lineage of snapshots', () => {
  it('has the snapshot that the machine continued from as the parent of the next', () => {
    expect(tree(two)).toBe('a<- *b<a');
  });

  it('branches after a restore', () => {
    expect(tree(taken(continued(two, 'a'), 'c'))).toBe('a<- b<a *c<a');
  });

  it('gives the children of a removed snapshot to its parent', () => {
    expect(tree(removed(taken(two, 'c'), 'b'))).toBe('a<- *c<a');
    expect(tree(removed(two, 'a'))).toBe('*b<-');
    expect(removed(two, 'b').current).toBe('a');
  });

  it('has a new snapshot where an earlier one had its name', () => {
    const again = taken(continued(taken(two, 'c'), 'c'), 'b');
    expect(tree(again)).toBe('a<- c<a *b<c');
  });

  it('has no parent after it is not known what the disks continue from', () => {
    expect(tree(taken(continued(two, undefined), 'c'))).toBe('a<- b<a *c<-');
  });

  it('skips snapshots that do not exist', () => {
    const failed = taken(two, 'failed');
    expect(tree(ofExisting(failed, new Set(['a', 'b', 'foreign'])))).toBe('a<- *b<a');
    expect(tree(ofExisting(taken(failed, 'c'), new Set(['a', 'c'])))).toBe('a<- *c<a');
    expect(ofExisting(failed, new Set())).toEqual(UNKNOWN_LINEAGE);
  });

  it('skips parents that the record does not have', () => {
    const damaged: Lineage = { current: 'gone', snapshots: [{ name: 'a', parent: 'gone' }] };
    expect(tree(ofExisting(damaged, new Set(['a'])))).toBe('a<-');
  });
});
