import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A record that Postgres refused, and why. */
@Entity('inference_log_dead_letters')
export class DeadLetter {
  /** SHA-256 of the record, so that one that comes again is set aside once. */
  @PrimaryColumn({ type: 'char', length: 64, primaryKeyConstraintName: 'inference_log_dead_letters_pkey' })
  id!: string;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  set_aside_at!: Date;

  @Column({ type: 'char', length: 5 })
  sqlstate!: string;

  @Column({ type: 'text' })
  reason!: string;

  /** Format of the record. */
  @Column({ type: 'smallint' })
  format!: number;

  /** The record as it came. */
  @Column({ type: 'text' })
  record!: string;
}
