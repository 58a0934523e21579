// The function app on Flex Consumption. Whatever it reaches, it reaches as its identity.
param token string
param location string
param tags object
param identityId string
param clientId string
param hostBlobEndpoint string
param hostQueueEndpoint string
param blobEndpoint string
param queueEndpoint string
param acsEndpoint string
param insightsConnectionString string
param subnetId string
param eventDelivery string
param isReachable bool
param isCalledByEventGrid bool
param instanceMemoryMB int
param maximumInstanceCount int
param perInstanceConcurrency int
param alwaysReadyInstances int
param settings object

// Event Grid's trigger scales with the group `http`.
var alwaysReady = alwaysReadyInstances > 0 ? [{ name: 'http', instanceCount: alwaysReadyInstances }] : []

var ofTheHost = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: clientId
  AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint
  AzureWebJobsStorage__queueServiceUri: hostQueueEndpoint
  // Nobody polls a queue that Event Grid puts nothing on. The host reads this name with
  // underscores too, as Linux has it.
  'AzureWebJobs.archive_queued_event.Disabled': eventDelivery == 'queue' ? 'false' : 'true'
}
var ofTheApp = {
  // The queue trigger reads these too, which is why the credential is named.
  CHAT_STORAGE__credential: 'managedidentity'
  CHAT_STORAGE__clientId: clientId
  CHAT_STORAGE__blobServiceUri: blobEndpoint
  CHAT_STORAGE__queueServiceUri: queueEndpoint
  // As this identity or not at all: no other credential is tried.
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
  ACS_ENDPOINT: acsEndpoint
  ACS_CLIENT_ID: clientId
}
var ofMonitoring = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
  // Our lines alone: those of a library may hold what we never tell.
  PYTHON_APPLICATIONINSIGHTS_LOGGER_NAME: 'archiver'
  // A span for each request of an SDK costs ingest half as much again, and is paid for by
  // the gigabyte (docs/performance.md). Invocations, logs and metrics are told without.
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'azure_sdk,django,fastapi,flask,httpx,httpx2,psycopg2,requests,urllib,urllib3'
}
// Nobody else has to call it. The address that takes deployments is not concerned: it lets
// nobody in without an identity.
var eventGridAlone = [
  { name: 'event-grid', priority: 100, action: 'Allow', tag: 'ServiceTag', ipAddress: 'AzureEventGrid' }
]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225:Flex Consumption has no fixed number of instances
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_17:Event Grid presents no client certificate
  // checkov:skip=CKV_AZURE_212:Flex Consumption has no fixed number of instances
  // checkov:skip=CKV_AZURE_213:Flex Consumption has no health check
  // checkov:skip=CKV_AZURE_222:Event Grid delivers to the public address, where the extension's key lets it in, unless it delivers by queue
  name: 'func-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'archiver' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Closed, it takes no deployment either: docs/operations.md says how one deploys.
    publicNetworkAccess: isReachable ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
      ipSecurityRestrictionsDefaultAction: 'Deny'
      ipSecurityRestrictions: isCalledByEventGrid ? eventGridAlone : []
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: 'Allow'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostBlobEndpoint}app-package'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: { http: { perInstanceConcurrency: perInstanceConcurrency } }
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(ofTheHost, ofTheApp, empty(insightsConnectionString) ? {} : ofMonitoring, settings)
  }

  // Nothing to sign in with for uploads: the package comes by identity.
  resource noFtp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource noScm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

output id string = app.id
output name string = app.name
