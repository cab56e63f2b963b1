import { defineConfig } from 'vitest/config';

// One run over all packages: one pool of processes, one summary. Each package's own `test` script runs just its part.
export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'native', 'test'],
    maxWorkers: 2,
  },
});
