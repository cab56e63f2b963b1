import { hasCollectiveRunner } from '@weft/native';

/** What can be tested here: without the addon, what native-executor.test.ts then skips. */
export const EXECUTORS: readonly ('native' | 'socket')[] = hasCollectiveRunner() ? ['native', 'socket'] : ['socket'];
