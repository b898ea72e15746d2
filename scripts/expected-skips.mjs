// Why a test may be skipped in CI. Every other skip fails the run there: a test that never runs says nothing.
export const expectedSkips = [];
