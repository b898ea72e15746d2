import { describe, expect, it } from 'vitest';
import { Scope } from '../../../src/util/scope.ts';

describe('Scope', () => {
  it('undoes steps once, in reverse order', async () => {
    const undone: number[] = [];
    const scope = new Scope();
    for (const step of [1, 2, 3]) scope.defer(() => void undone.push(step));
    await Promise.all([scope.close(), scope.close()]);
    await scope.close();
    expect(undone).toEqual([3, 2, 1]);
  });

  it('continues after a failure, and reports it', async () => {
    const undone: number[] = [];
    const scope = new Scope();
    scope.defer(() => void undone.push(1));
    scope.defer(async () => Promise.reject(new Error('two')));
    scope.defer(() => void undone.push(3));
    await expect(scope.close()).rejects.toThrow('two');
    expect(undone).toEqual([3, 1]);
  });

  it('keeps all failures', async () => {
    const scope = new Scope();
    scope.defer(() => {
      throw new Error('one');
    });
    scope.defer(() => {
      throw new Error('two');
    });
    const error = await scope.close().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).message).toBe('several clean-up steps failed: two; one');
    expect((error as AggregateError).errors.map(String)).toEqual(['Error: two', 'Error: one']);
  });

  it('undoes at once what is deferred after closing', async () => {
    const scope = new Scope();
    await scope.close();
    let undone = false;
    scope.defer(() => void (undone = true));
    await scope.close();
    expect(undone).toBe(true);
  });

  it('can move its steps to another scope', async () => {
    const undone: string[] = [];
    const first = new Scope();
    first.defer(() => void undone.push('moved'));
    const second = first.move();
    await first.close();
    expect(undone).toEqual([]);
    await second.close();
    expect(undone).toEqual(['moved']);
  });

  it('is closed by the end of a block', async () => {
    let undone = false;
    const scope = new Scope();
    scope.defer(() => void (undone = true));
    await scope[Symbol.asyncDispose]();
    expect(undone).toBe(true);
  });
});
