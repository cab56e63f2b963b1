import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planLayout } from '../../src/hadoop/layout.js';
import { localStatus } from '../../src/hadoop/local-status.js';
import { scratchFolder } from '../scratch-folder.js';

describe('localStatus', () => {
  it('is down where a plan is and no process', async () => {
    const dir = scratchFolder();
    const layout = await planLayout({ dir, dataNodeHosts: ['localhost'], host: 'localhost' });
    await writeFile(join(dir, 'plan.json'), JSON.stringify({ layout, settings: {} }));
    const nothing = { pid: null, sinceMs: null, memoryBytes: null };
    const [nameNode, dataNode] = [layout.nameNodes[0]!, layout.dataNodes[0]!];
    expect(await localStatus(dir)).toEqual({
      up: false,
      dir,
      url: `hdfs://localhost:${nameNode.httpPort}`,
      defaultFs: `hdfs://localhost:${nameNode.rpcPort}`,
      daemons: [
        { id: 'nn1', ...nothing, address: `localhost:${nameNode.httpPort}`, logFile: join(dir, 'logs', 'nn1.log') },
        { id: 'dn1', ...nothing, address: `localhost:${dataNode.httpPort}`, logFile: join(dir, 'logs', 'dn1.log') },
      ],
      fileSystem: null,
    });
  });

  it('names a plan that is damaged', async () => {
    const dir = scratchFolder();
    await writeFile(join(dir, 'plan.json'), '{ "layout"');
    await expect(localStatus(dir)).rejects.toThrow(/plan\.json: JSON expected, got 10 bytes of something else$/);
  });
});
