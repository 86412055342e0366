import type {
  AnnotationQuery,
  Dashboard,
  DashboardLink,
  DataSourceRef,
  FieldConfigSource,
  Panel,
  RowPanel,
  VariableModel,
} from '@grafana/schema';
import type { Options as BarGauge } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { Options as Gauge } from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type * as stateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** What JSON has where Grafana's types have enumerations: their values. */
type Json<T> = T extends string ? `${T}` : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;

/** A question to Prometheus. */
export interface Target {
  datasource: DataSourceRef;
  editorMode: 'code';
  expr: string;
  legendFormat: string;
  refId: string;
  range: boolean;
  instant?: boolean;
  format?: 'time_series' | 'table';
}

interface PanelOf<Type extends string, Options, Custom> extends Omit<
  Json<Panel>,
  'type' | 'options' | 'fieldConfig' | 'targets' | 'links' | 'gridPos'
> {
  type: Type;
  title: string;
  description: string;
  gridPos: NonNullable<Panel['gridPos']>;
  /** Grafana exports no more of them than this. */
  links?: Pick<DashboardLink, 'title' | 'url' | 'targetBlank'>[];
  /** Those that are left out have Grafana's defaults. */
  options: Partial<Json<Options>>;
  fieldConfig: Json<Omit<FieldConfigSource, 'defaults'>> & {
    defaults: Json<Omit<FieldConfigSource['defaults'], 'custom'>> & { custom?: Json<Custom> };
  };
  targets: Target[];
}

/** A panel of one of the kinds that our dashboards have. */
export type ChartPanel =
  | PanelOf<'timeseries', timeSeries.Options, timeSeries.FieldConfig>
  | PanelOf<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>
  | PanelOf<'table', table.Options, table.FieldConfig>
  | PanelOf<'gauge', Gauge, never>
  | PanelOf<'bargauge', BarGauge, never>;

/** A dashboard as Grafana exports it, with the panels and the data source that ours have. */
export type DashboardJson = Omit<Json<Dashboard>, 'panels' | 'annotations' | 'templating'> & {
  uid: string;
  title: string;
  panels: (ChartPanel | (Json<Omit<RowPanel, 'type' | 'panels'>> & { type: 'row'; panels: [] }))[];
  templating: { list: (Json<VariableModel> & { name: string })[] };
  annotations: {
    list: (Json<AnnotationQuery> & { expr?: string; step?: string; titleFormat?: string; textFormat?: string })[];
  };
};
