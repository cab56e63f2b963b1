import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';

type Options = Parameters<typeof parquetWriteBuffer>[0];
type SchemaElement = NonNullable<Options['schema']>[number];

const LIST = (name: string, type: 'INT32' | 'DOUBLE'): SchemaElement[] => [
  { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'OPTIONAL', type },
];

/** Schema elements of a column that no basic type describes. */
export const COLUMNS = {
  list: LIST,
  /** As Hugging Face writes images. */
  image: (name: string): SchemaElement[] => [
    { name, repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'bytes', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
    { name: 'path', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  ],
  int: (name: string): SchemaElement[] => [{ name, repetition_type: 'OPTIONAL', type: 'INT64' }],
  text: (name: string): SchemaElement[] => [
    { name, repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  ],
};

/** Writes a file of columns: a schema for all of them, or none. */
export function writeParquet(
  path: string,
  columns: readonly { name: string; data: unknown[]; schema?: SchemaElement[] }[],
  options: Partial<Options> = {},
): void {
  const elements = columns.flatMap(({ schema }) => schema ?? []);
  const schema = elements.length > 0 ? [{ name: 'root', num_children: columns.length }, ...elements] : undefined;
  const columnData = columns.map(({ name, data }) => ({ name, data }));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData, ...(schema && { schema }), ...options })));
}
