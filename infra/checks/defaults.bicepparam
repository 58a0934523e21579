using '../main.bicep'

param environmentName = 'checks'
param location = 'westeurope'
param acsName = 'acs-checks'
param acsResourceGroupName = 'rg-chat'
