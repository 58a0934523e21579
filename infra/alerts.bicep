// When somebody has to look. docs/operations.md says of each what it means and what to do.
param location string
param tags object
param workspaceId string
param topicId string
param mail string

var rules = [
  {
    name: 'events-quarantined'
    about: 'Events could not be read. They are kept; nothing is lost.'
    severity: 2
    query: loadTextContent('queries/quarantine.kql')
    window: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'threads-poisoned'
    about: 'Threads could not be archived in five tries.'
    severity: 1
    query: loadTextContent('queries/poison.kql')
    window: 'PT1H'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'events-poisoned'
    about: 'Queued events could not be kept in five tries.'
    severity: 1
    query: loadTextContent('queries/poisoned-events.kql')
    window: 'PT1H'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'sweep-not-run'
    about: 'Nobody looked for quiet threads when the schedule said so.'
    severity: 1
    query: loadTextContent('queries/sweeps.kql')
    window: 'P2D' // the longest there is
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'ingest-lag'
    about: 'Events are kept more than ten minutes after they happened.'
    severity: 2
    query: loadTextContent('queries/ingest-lag.kql')
    window: 'PT15M'
    operator: 'GreaterThan'
    threshold: 600
  }
  {
    name: 'finalize-failures'
    about: 'Threads fail to be archived; they are tried again.'
    severity: 3
    query: loadTextContent('queries/finalize-failures.kql')
    window: 'PT1H'
    operator: 'GreaterThan'
    threshold: 20
  }
  {
    name: 'chat-throttled'
    about: 'The chat service throttles the archiver, and perhaps your applications.'
    severity: 3
    query: loadTextContent('queries/throttling.kql')
    window: 'PT15M'
    operator: 'GreaterThan'
    threshold: 100
  }
]
var actions = empty(mail) ? [] : [people.id]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(mail)) {
  name: 'chat-archiver'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'chatarchive'
    enabled: true
    emailReceivers: [{ name: 'mail', emailAddress: mail, useCommonAlertSchema: true }]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in rules: {
    name: alert.name
    location: location
    tags: tags
    properties: {
      displayName: 'Chat archiver: ${alert.name}'
      description: '${alert.about} See docs/operations.md.'
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: alert.window
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Maximum'
            metricMeasureColumn: 'Value'
            operator: alert.operator
            threshold: alert.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: actions }
    }
  }
]

// What the app itself cannot know: that Event Grid gave up, and that it lost something.
var losses = [
  {
    name: 'events-dead-lettered'
    about: 'Event Grid could not deliver events and keeps them in dead-letter.'
    severity: 1
    metric: 'DeadLetteredCount'
  }
  {
    name: 'events-dropped'
    about: 'Event Grid could neither deliver events nor keep them in dead-letter.'
    severity: 0
    metric: 'DroppedEventCount'
  }
]
var watched = empty(topicId) ? [] : losses

resource loss 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in watched: {
    name: alert.name
    location: 'global'
    tags: tags
    properties: {
      description: '${alert.about} See docs/operations.md.'
      severity: alert.severity
      enabled: true
      scopes: [topicId]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricName: alert.metric
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: 0
          }
        ]
      }
      actions: [for action in actions: { actionGroupId: action }]
    }
  }
]
