// What is known of a running archiver: logs, metrics, a page, and alerts.
param token string
param location string
param tags object
param retentionDays int
param alertMail string
param principalId string
param topicId string
param storageId string
param logsWrites bool

// Monitoring Metrics Publisher: the app sends its telemetry as its identity.
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-${token}'
  location: location
  tags: tags
  properties: {
    retentionInDays: retentionDays
    sku: { name: 'PerGB2018' }
    // Nobody writes logs with a key of the workspace.
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    // No telemetry without an identity.
    DisableLocalAuth: true
  }
}

resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, metricsPublisher)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: last(split(storageId, '/'))
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: storage
  name: 'default'
}

// Who wrote and who deleted what, by name. Reads are not worth their price. It keeps the name
// that it had when deletions were all: two settings may not send one category to one place.
resource changes 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'deletions'
  properties: {
    workspaceId: workspace.id
    logs: [
      { category: 'StorageWrite', enabled: logsWrites }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

resource page 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'chat-archiver')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Chat archiver'
    category: 'workbook'
    sourceId: workspace.id
    serializedData: loadTextContent('workbook.json')
  }
}

module alerts 'alerts.bicep' = {
  params: {
    location: location
    tags: tags
    workspaceId: workspace.id
    topicId: topicId
    mail: alertMail
  }
}

output connectionString string = insights.properties.ConnectionString
